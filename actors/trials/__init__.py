"""Trials: what the mirror holds. Records as they came, one normalised picture of each, their history, and search."""
