"""Files and bodies of rows to columns; the one user of pyarrow."""
