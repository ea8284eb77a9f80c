"""What the library knows about each provider: its hosts, paths, usage, and text. One folder each."""
