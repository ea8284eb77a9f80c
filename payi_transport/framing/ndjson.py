"""One JSON document per line: https://github.com/ndjson/ndjson-spec. Ollama streams this way."""

from __future__ import annotations

__all__ = ["split_ndjson"]


def split_ndjson(body: bytes) -> list[tuple[str, bytes]]:
    """Return each line that is not blank as a message without a name; the last one may be incomplete."""
    return [("", line) for line in body.splitlines() if line.strip()]
