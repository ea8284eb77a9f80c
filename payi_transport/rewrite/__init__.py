"""What may change in a call on its way, and why."""
