"""Threads, locks, generators and logging, made safe for forks, signals and interpreter exit."""
