"""Calls as spans and metrics of OpenTelemetry, beside Pay-i or in its place."""
