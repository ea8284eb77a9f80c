"""Which request is observed, and as what."""
