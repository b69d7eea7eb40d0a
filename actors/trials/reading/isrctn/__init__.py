"""Reads the records of ISRCTN."""
