"""Report the usage of every LLM call, for whom and in which use case, from the HTTP transport.

Call `payi_instrument()` once at startup. `track` and `track_context` say who the calls inside are for.
Everything that users need is importable from here. The names are those of `payi_transport.api.public`.
"""

from __future__ import annotations

import typing as _typing

__version__ = "0.1.0"

if _typing.TYPE_CHECKING:
    from payi_transport.api.public import *
    from payi_transport.api.public import __all__ as __all__
else:

    def __getattr__(name: str) -> object:
        from payi_transport.api import public

        if name == "__all__":
            return public.__all__
        if name not in public.__all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(public, name)


def __dir__() -> list[str]:
    from payi_transport.api import public

    return sorted({*globals(), *public.__all__})
