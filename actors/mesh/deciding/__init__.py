"""What people decide that a text means: it goes before all that is read from its words, and can be undone.

A decision makes the trials with this text due, and is kept with who made it and when; so is its undoing.
"""
