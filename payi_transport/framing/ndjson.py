"""JSON a line: https://github.com/ndjson/ndjson-spec. Ollama and Cohere's older API stream so."""

from __future__ import annotations

__all__ = ["split_ndjson"]


def split_ndjson(body: bytes) -> list[tuple[str, bytes]]:
    """Each line that is not empty as a frame without a name; the last one may be cut."""
    return [("", line) for line in body.splitlines() if line.strip()]
