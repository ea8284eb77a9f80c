"""One call, as the request path remembers it."""
