"""Readers of what providers bill: one file for each format, and all of them make the same lines."""
