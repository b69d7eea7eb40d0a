"""All records of the database compared with one another, at once."""
