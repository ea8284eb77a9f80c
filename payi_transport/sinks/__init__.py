"""Where events go, one file a destination."""
