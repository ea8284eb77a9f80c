"""Sinks: where events go, one module for each kind."""
