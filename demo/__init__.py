"""A world to try triald in: registries as local servers over generated trials with known truth."""
