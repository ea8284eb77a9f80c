"""Threads, locks, generators, and logging that survive forks, signal handlers, and interpreter exit."""
