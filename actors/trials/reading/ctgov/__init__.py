"""Reads the records of ClinicalTrials.gov (API v2)."""
