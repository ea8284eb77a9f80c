"""What the library knows of each provider: its hosts, paths, usage and text. Each has a folder of its own."""
