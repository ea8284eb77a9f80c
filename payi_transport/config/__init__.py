"""The configuration: its sections, their types, and the one check at startup."""
