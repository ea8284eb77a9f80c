"""The headers of a request or response, in the form that an exchange keeps."""

from __future__ import annotations

__all__ = ["Headers"]

# Name, value, name, value, and so on. The garbage collector does not look inside a flat tuple of bytes. It
# would visit a tuple of pairs again and again while the exchange waits in the queue.
Headers = tuple[bytes, ...]
