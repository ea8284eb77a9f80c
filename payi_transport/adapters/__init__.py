"""From an HTTP library's request to an exchange, one file a library."""
