"""What a project says of itself: manifest, contract, parameters, paths, and the team's functions."""
