"""The sink for OpenTelemetry, with the real SDK."""
