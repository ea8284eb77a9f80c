"""What the use case of a program is called that gives it no name: what the program is, as far as can be told.

It has to stay the same from run to run, as each name is a use case of its own. Pay-i's SDK takes the file's.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import FrameType

__all__ = ["default_use_case_name"]

# Files that are named for what they do in their package.
_OF_PACKAGES = ("__init__", "__main__")
_UNNAMED = "interactive"


def default_use_case_name(frame: FrameType | None) -> str:
    """The name for the code of `frame`: of its file, of its package, "notebook" or "interactive"."""
    if frame is None:
        return _UNNAMED
    file = frame.f_globals.get("__file__")
    if not isinstance(file, str):
        # A cell may have a file for itself alone, whose name is a number. All of IPython's have this.
        if "get_ipython" in frame.f_globals:
            return "notebook"
        file = frame.f_code.co_filename
    return _name_file(file) or _UNNAMED


def _name_file(file: str) -> str | None:
    """None for what has no file, as `<stdin>` and `<string>`."""
    if file.startswith("<"):
        return None
    path = Path(file)
    name = _strip(path)
    if name not in _OF_PACKAGES:
        return name
    # The folder that it is in may be gone.
    with contextlib.suppress(OSError):
        path = path.absolute()
    return _strip(path.parent)


def _strip(path: Path) -> str:
    return path.name.replace(" ", "_").lower().removesuffix(".pyc").removesuffix(".py")
