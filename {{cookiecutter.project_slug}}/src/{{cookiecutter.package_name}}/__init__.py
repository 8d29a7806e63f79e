"""What is ours: where rows come from and which model learns. Everything else is the library goldenpath."""
