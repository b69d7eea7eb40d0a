"""The replaced systems, one file each, ending in `SYSTEM`."""
