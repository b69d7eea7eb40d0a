"""MeSH: files read, terms looked up, texts mapped."""
