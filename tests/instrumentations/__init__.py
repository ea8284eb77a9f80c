"""Other libraries that patch the same methods: tracing libraries, in an environment of their own."""
