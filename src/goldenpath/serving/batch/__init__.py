"""Files of rows in, files of predictions out."""
