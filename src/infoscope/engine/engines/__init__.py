"""One engine a file: the class that is in it."""
