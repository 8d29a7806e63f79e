"""Code quality: code that others can read, change and trust."""
