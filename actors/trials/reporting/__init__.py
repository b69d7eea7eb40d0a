"""A report of each day: what changed, what to beware of, and which registries did not answer."""
