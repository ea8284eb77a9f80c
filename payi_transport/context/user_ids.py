"""User ids that leave the process as hashes, so that nobody outside learns who a user is.

The hash is the same in every process and service, so that the calls of a user still add up. It is a pseudonym
and not a secret: who can guess an id can compute its hash.
"""

from __future__ import annotations

import hashlib

from payi_transport.values.patterns import lazy_compile

__all__ = ["hash_user_id"]

_PREFIX = "sha256-"
_HASH = lazy_compile(_PREFIX + "[0-9a-f]{32}")


def hash_user_id(user_id: str) -> str:
    """Return the first 128 bits of the SHA-256 of an id. What is such a hash already stays as it is."""
    # The scope of another service may have come with a hash.
    if _HASH.fullmatch(user_id):
        return user_id
    return _PREFIX + hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
