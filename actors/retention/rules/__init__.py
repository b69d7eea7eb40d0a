"""How long each area's data is kept, one file each."""
