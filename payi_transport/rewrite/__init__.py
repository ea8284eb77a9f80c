"""What this library changes in requests and responses, and why."""
