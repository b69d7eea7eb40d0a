"""Reads the records of CTIS."""
