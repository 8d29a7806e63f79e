"""The files that adopt puts in place of the sample's; ``your_package`` becomes the project's own."""
