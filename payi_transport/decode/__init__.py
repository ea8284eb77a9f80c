"""From the bytes of a finished exchange to its event. Pure."""
