"""New and changed records, each compared by itself with all that it could be."""
