"""Writes `payi_transport/config/types.py` from the schema: `python -m tests.config.typed_dicts`."""

from __future__ import annotations

import inspect
import keyword
import textwrap
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from payi_transport.config import types
from payi_transport.config.expected import find_section
from payi_transport.config.schema import ContextSettings, Section, Settings

__all__ = ["PATH", "find_sections", "render"]

PATH = Path(types.__file__)
HEAD = '''"""What users write as `config`, for type checkers: each section with its keys.

Written by `python -m tests.config.typed_dicts` from the schema, next to this module. Edit that, not this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from os import PathLike
from typing import Any, Literal, TypedDict

from payi_transport.compat import Required
from payi_transport.context.fields import ConfigFields, Texts

__all__ = [
{names}
]
'''


def render(root: type[Section] = Settings) -> str:
    """The source of the TypedDicts of `root` and of all sections inside it."""
    sections = find_sections(root)
    names = "\n".join(f'    "{name}",' for name in sorted(section.public_name for section in sections))
    classes = (f"\n\n{_render_section(section)}" for section in sections)
    return HEAD.format(names=names) + "".join(classes)


def find_sections(root: type[Section] = Settings) -> list[type[Section]]:
    """`root` and all sections inside it, each after those that it is made of."""
    found: dict[type[Section], None] = {}

    def visit(section: type[Section]) -> None:
        base = find_base(section)
        if base not in (Section, ContextSettings):
            visit(base)
        for hint in _own_hints(section).values():
            for inner in _sections_in(hint):
                visit(inner)
        found[section] = None

    visit(root)
    return list(found)


def find_base(section: type[Section]) -> type[Section]:
    """The section that another one extends; a base without a public name is a part of it."""
    base = section.__base__
    assert base is not None and issubclass(base, Section)
    return base if base is Section or "public_name" in vars(base) else find_base(base)


def _sections_in(hint: Any) -> Iterator[type[Section]]:
    section = find_section(hint)
    if section is not None:
        yield section
    for member in get_args(hint):
        yield from _sections_in(member)


def _own_hints(section: type[Section]) -> dict[str, Any]:
    """The types of the keys that a section does not have from its base."""
    inherited = getattr(find_base(section), "__struct_fields__", ())
    hints = get_type_hints(section, include_extras=True)
    return {name: hints[name] for name in section.__struct_fields__ if name not in inherited}


def _render_section(section: type[Section]) -> str:
    base = find_base(section)
    parent = "TypedDict" if base is Section else base.public_name
    words = {name: hint for name, hint in _own_hints(section).items() if keyword.iskeyword(name)}
    lines = _render_words(section, words) if words else []
    parent = f"_{section.public_name}" if words else parent
    lines.append(f"class {section.public_name}({parent}, total=False):")
    # Python 3.13 and later remove the indentation of docstrings, earlier ones keep it.
    doc = textwrap.indent(inspect.cleandoc(section.__doc__ or ""), "    ").strip()
    lines.append(f'    """{doc}\n    """' if "\n" in doc else f'    """{doc}"""')
    required = {row.name for row in msgspec.structs.fields(section) if row.required}
    lines.append("")
    for name, hint in _own_hints(section).items():
        if name in words:
            continue
        written = _render(hint)
        lines.append(f"    {name}: {f'Required[{written}]' if name in required else _or_none(written)}")
    return "\n".join(lines) + "\n"


def _render_words(section: type[Section], words: Mapping[str, Any]) -> list[str]:
    """A key that is a word of Python's own can't be declared in a class statement."""
    keys = ", ".join(f'"{name}": {_or_none(_render(hint))}' for name, hint in words.items())
    name = f"_{section.public_name}"
    return [f'{name} = TypedDict("{name}", {{{keys}}}, total=False)', "", ""]


def _or_none(written: str) -> str:
    """None stands for the default of any key; Any has it already."""
    return written if written == "Any" else f"{written} | None"


def _render(hint: Any) -> str:
    origin, members = get_origin(hint), get_args(hint)
    if hasattr(hint, "__metadata__"):
        return _render(hint.__origin__)
    if origin in (UnionType, Union):
        return " | ".join(_render(member) for member in members if member is not NoneType)
    if origin is Literal:
        return f"Literal[{', '.join(f'{member!r}'.replace(chr(39), chr(34)) for member in members)}]"
    if origin is dict:
        return f"Mapping[{_render(members[0])}, {_render(members[1])}]"
    if origin is tuple:
        item = _render(members[0])
        return "Texts" if item == "str" else f"Sequence[{item}]"
    if origin is Callable:
        arguments, result = members
        return f"Callable[[{', '.join(map(_render, arguments))}], {_render(result)}]"
    if hint is Decimal:
        # Whatever reads as an amount. An int is a float to a type checker.
        return "Decimal | float | str"
    section = find_section(hint)
    if section is not None:
        return " | ".join(filter(None, (section.public_name, section.shorthand)))
    return "Any" if hint is Any else str(hint.__name__)


if __name__ == "__main__":
    PATH.write_text(render(), "utf-8")
