"""Reads the records of the EU Clinical Trials Register."""
