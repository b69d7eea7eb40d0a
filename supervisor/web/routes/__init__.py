"""Resources, one file each, ending in `RESOURCE`; the catalogue finds them, the app mounts and guards them."""
