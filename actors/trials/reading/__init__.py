"""How the records of each registry are read into trials: a room for each, which no other reads. No I/O.

The rooms of `actors.registries` ask and page; what they have got is read here.
"""
