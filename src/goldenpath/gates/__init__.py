"""What a pull request must hold."""
