"""What is known of each provider: its hosts, paths, usage and text. One folder a provider."""
