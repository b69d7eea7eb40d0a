"""Reads the records of WHO's ICTRP, from its export files."""
