"""How the records of each registry are read into trials: a room for each, which no other reads. No I/O.

The files of `actors.registries` ask, page after page; a record that they have got is read here.
"""
