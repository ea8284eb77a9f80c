"""The default name of a program's use case, which `config` leaves open: what the program is called.

Every name is a use case of its own, so it has to stay the same from run to run. Pay-i's SDK names it for the
file that instruments, and so does this module. The `__main__.py` of a package stands for its folder.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import FrameType

__all__ = ["default_use_case_name"]

# Files whose names say what they do in their package, not what the program is.
_PACKAGE_FILES = ("__init__", "__main__")
_UNNAMED = "interactive"


def default_use_case_name(frame: FrameType | None) -> str:
    """Return the name for the code of `frame`: of its file or package, "notebook" or "interactive"."""
    if frame is None:
        return _UNNAMED
    file = frame.f_globals.get("__file__")
    if not isinstance(file, str):
        # A notebook cell may be a file of its own, with a number for a name. IPython defines this function.
        if "get_ipython" in frame.f_globals:
            return "notebook"
        file = frame.f_code.co_filename
    return _name_file(file) or _UNNAMED


def _name_file(file: str) -> str | None:
    """Return None for code that is not from a file, such as `<stdin>` and `<string>`."""
    if file.startswith("<"):
        return None
    path = Path(file)
    name = _strip(path)
    if name not in _PACKAGE_FILES:
        return name
    # The path may be relative to a folder that has been deleted since.
    with contextlib.suppress(OSError):
        path = path.absolute()
    return _strip(path.parent)


def _strip(path: Path) -> str:
    return path.name.replace(" ", "_").lower().removesuffix(".pyc").removesuffix(".py")
