"""Hooks into HTTP libraries, one module or folder a library."""
