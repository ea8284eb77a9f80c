"""The `payi-transport` command."""
