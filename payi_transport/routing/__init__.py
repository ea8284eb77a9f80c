"""Which requests are observed, and as which operation of which category."""
