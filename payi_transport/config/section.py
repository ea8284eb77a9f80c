"""What a section of the config is, and how sections are walked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, TypeVar, cast

from msgspec import Meta, Struct, defstruct, structs

from payi_transport.context.frame import Fields
from payi_transport.values.shown import show

__all__ = [
    "Count",
    "Interval",
    "Name",
    "Positive",
    "Seconds",
    "Section",
    "add_context_keys",
    "walk_sections",
]

S = TypeVar("S", bound="Section")

# Larger numbers would overflow a clock or a lock's timeout, long after the start.
_MAX = 2**53
_DAY = 24 * 60 * 60

Count = Annotated[int, Meta(ge=0, le=_MAX, description="an integer from 0 to 2**53")]
Positive = Annotated[int, Meta(ge=1, le=_MAX, description="an integer from 1 to 2**53")]
Seconds = Annotated[float, Meta(ge=0, le=_DAY, description="a number of seconds from 0 to 86400")]
# Above 0, because a background thread would otherwise run without a pause.
Interval = Annotated[float, Meta(gt=0, le=_DAY, description="a number of seconds above 0, up to 86400")]
Name = Annotated[str, Meta(min_length=1, description="a string that is not empty")]


# Frozen, because many threads read the settings, and nothing changes them after the start.
class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of `config`. `public_name` is that of its TypedDict."""

    public_name: ClassVar[str]
    # The Python types that are accepted in place of a dict, as `validation.py` reads them.
    shorthand: ClassVar[str] = ""

    def __repr__(self) -> str:
        # Tracebacks with local variables print it, so it shows no password, token, or webhook.
        return show(structs.asdict(self))

    @property
    def replaces_payi(self) -> bool:
        """Whether the sink of this section takes Pay-i's place, unless `sinks` says otherwise."""
        return True


def add_context_keys(base: type[S], fields: Fields) -> type[S]:
    """Return `base` with those context fields that `config` may set and `base` does not have."""
    keys: list[tuple[str, Any, Any]] = [
        (name, row.type.config_type, row.type.default)
        for name, row in fields.rows.items()
        if row.config and name not in base.__struct_fields__
    ]
    options: dict[str, Any] = {"frozen": True, "kw_only": True, "forbid_unknown_fields": True}
    return cast("type[S]", defstruct(base.__name__, keys, bases=(base,), **options))


def walk_sections(section: Section, path: str = "") -> Iterator[tuple[str, Section]]:
    """Yield a section and those inside it, each with the path of its keys: "" or "openai_config.", …"""
    yield path, section
    for name in section.__struct_fields__:
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from walk_sections(value, f"{path}{name}.")
