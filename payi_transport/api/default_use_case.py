"""The default name of a program's use case, which `config` leaves open: what the program is called.

Every name is a use case of its own, so it has to stay the same from run to run. Pay-i's SDK names it for the
file that instruments, and so does this module. The `__main__.py` of a package stands for its folder.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from payi_transport.values.accepted import NAME_RULES
from payi_transport.values.patterns import lazy_compile

__all__ = ["default_use_case_name", "name_program"]

# Files whose names say what they do in their package, not what the program is.
_PACKAGE_FILES = ("__init__", "__main__")
_UNNAMED = "interactive"
# Short options of the interpreter, several of which may share an argument (`-um`), up to one with a value.
_VALUED_OPTION = lazy_compile(r"-(?!-)[^cmWX]*([cmWX])(.*)", re.DOTALL)
_LONG_OPTION = "--check-hash-based-pycs"
# They take the application as `module:attribute`.
_APPLICATION = lazy_compile(r"[\w.]+:[A-Za-z_]\w*(\(.*\))?")
_SERVERS = frozenset({"gunicorn", "uvicorn", "hypercorn", "granian", "daphne"})


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


def name_program(command: Sequence[str]) -> str:
    """Return the name for a program by its command line, as `sys.orig_argv` has it.

    A server or a worker is named for the application that it runs, as in `gunicorn shop.wsgi:app`.
    """
    # The interpreter's own options end with the script, with `-m module` or with `-c code`.
    arguments = iter(command[1:])
    for argument in arguments:
        if not argument.startswith("-"):
            # The path of a script, of an archive, or of a folder.
            return _name_launched(_name_file(argument) or _UNNAMED, list(arguments))
        option = _VALUED_OPTION.fullmatch(argument)
        kind = option[1] if option else ""
        # A program that is read from the standard input has no name either.
        if kind == "c" or argument == "-":
            break
        if kind or argument == _LONG_OPTION:
            value = (option and option[2]) or next(arguments, "")
            if kind == "m":
                return _name_launched(_name_of(value), list(arguments))
    return _UNNAMED


def _name_of(program: str) -> str:
    """Return the name of a script's path, or of a module's dotted name."""
    is_path = program.endswith((".py", ".pyc")) or "/" in program or "\\" in program
    return (_name_file(program) if is_path else _name_file(program.replace(".", "/"))) or _UNNAMED


def _name_launched(launcher: str, arguments: list[str]) -> str:
    """Return the name of the application that a launcher runs, or of the program itself."""
    if launcher in _SERVERS:
        application = next(filter(_APPLICATION.fullmatch, arguments), None)
    elif launcher == "celery":
        application = _find_option(arguments, "-A", "--app")
    elif launcher == "streamlit" and arguments[:1] == ["run"]:
        return next((_name_of(a) for a in arguments[1:] if not a.startswith("-")), launcher)
    else:
        application = None
    return _name_of(application.partition(":")[0]) if application else launcher


def _find_option(arguments: list[str], *names: str) -> str | None:
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            return value if equals else next(iter(arguments[index + 1 :]), None)
    return None


def _name_file(file: str) -> str | None:
    """Return None for code that is not from a file, such as `<stdin>` and `<string>`."""
    if file.startswith("<"):
        return None
    path = Path(file)
    # A folder that is run may be the current one.
    is_folder = file != "" and path == Path()
    if not is_folder and (name := _strip(path)) not in _PACKAGE_FILES:
        return name
    # The path may be relative to a folder that has been deleted since.
    with contextlib.suppress(OSError):
        path = path.absolute()
    return _strip(path if is_folder else path.parent)


def _strip(path: Path) -> str:
    name = path.name.replace(" ", "_").lower()
    for suffix in (".pyc", ".pyw", ".pyz", ".py"):
        name = name.removesuffix(suffix)
    # Pay-i would refuse anything else, and nobody chose this name.
    return NAME_RULES["use_case_name"].correct(name)
