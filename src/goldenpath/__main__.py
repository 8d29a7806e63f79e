"""``python -m goldenpath``."""

from goldenpath.cli import main

if __name__ == "__main__":
    main()
