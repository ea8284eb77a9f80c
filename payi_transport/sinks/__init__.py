"""Sinks: where events go. Each kind has a module or more of its own."""
