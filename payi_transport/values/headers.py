"""Headers as the request path remembers them."""

from __future__ import annotations

__all__ = ["Headers"]

# Name, value, name, value, and so on. The garbage collector never looks inside a flat tuple of bytes, while
# it would visit a pair per header again and again for as long as the call waits in the queue.
Headers = tuple[bytes, ...]
