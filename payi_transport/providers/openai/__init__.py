"""OpenAI's API, and the many that speak it."""
