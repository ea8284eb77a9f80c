"""What readers share: the response that they read, and access to values of unknown JSON."""
