"""MeSH as people look at it: the tree with its trials, a heading, the codes of a trial, what is unmatched."""
