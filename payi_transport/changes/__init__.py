"""The few things that may be changed of a call on its way, and why."""
