"""Other libraries that patch the same methods: mocks, and tracing libraries in their own environment."""
