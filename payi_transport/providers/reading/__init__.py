"""What provider readers share: the response that they read, and values of unknown JSON."""
