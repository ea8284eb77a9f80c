"""aiohttp's client."""
