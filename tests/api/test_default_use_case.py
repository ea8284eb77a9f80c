"""The name of a use case that was given none: what the program is, and the same at every run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from payi_transport.api.default_use_case import default_use_case_name, name_program

ROOT = Path(__file__).parents[2]
PROGRAM = """
from payi_transport import MemorySink, get_context, payi_instrument
payi_instrument(sink=MemorySink())
print(get_context()["use_case_name"])
"""
# The files of a program that has nothing else, how it is run, and its name.
PROGRAMS: dict[str, tuple[list[str], list[str], str]] = {
    "a script": (["job.py"], ["job.py"], "job"),
    "a script with capitals, spaces and dots": (["My Job.v2.py"], ["My Job.v2.py"], "my_job.v2"),
    "a script that Pay-i would refuse": (["ü (1) & b.py"], ["ü (1) & b.py"], "-_-1-_-_b"),
    "a script with a long name": (["x" * 99 + ".py"], ["x" * 99 + ".py"], "x" * 64),
    "a script without a suffix": (["job"], ["job"], "job"),
    "a module": (["job.py"], ["-m", "job"], "job"),
    "a module of a package": (["shop/__init__.py", "shop/job.py"], ["-m", "shop.job"], "job"),
    "a package": (["shop/__main__.py"], ["-m", "shop"], "shop"),
    "a package in a package": (["shop/app/__main__.py"], ["-m", "shop.app"], "app"),
    "a folder": (["shop/__main__.py"], ["shop"], "shop"),
    "this folder": (["__main__.py"], ["."], "here"),
    "a package that does it when it is imported": (["shop/__init__.py"], ["-c", "import shop"], "shop"),
    "a command line": ([], ["-c", PROGRAM], "interactive"),
    "what is typed": ([], ["-"], "interactive"),
}


@pytest.mark.parametrize(("files", "arguments", "name"), PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_use_case_is_named_for_its_program(
    files: list[str], arguments: list[str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(PROGRAM if file == files[-1] else "")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    ran = subprocess.run(
        [sys.executable, *arguments], cwd=folder, input=PROGRAM, capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout, ran.stderr) == (f"{name}\n", "")


def run_code(file: str, names: dict[str, Any]) -> str:
    """The name for code that was compiled as of `file`, and runs among `names`."""
    source = "import sys\ndef work():\n    return default_use_case_name(sys._getframe())\nname = work()"
    module: dict[str, Any] = {**names, "default_use_case_name": default_use_case_name}
    exec(compile(source, file, "exec"), module)  # noqa: S102  # as what is typed is run
    return str(module["name"])


# The file as the code has it, the names of its module, and the name.
CODES: dict[str, tuple[str, dict[str, Any], str]] = {
    "a cell of IPython": ("<ipython-input-12-0123456789ab>", {"get_ipython": None}, "notebook"),
    "a cell of Jupyter": ("/a/ipykernel_123/1529318463.py", {"get_ipython": None}, "notebook"),
    "a script that IPython runs": ("/a/job.py", {"get_ipython": None, "__file__": "/a/job.py"}, "job"),
    "code that a module makes": ("<string>", {"__file__": "/a/job.py"}, "job"),
    "a module without its source": ("/a/job.py", {"__file__": "/a/job.pyc"}, "job"),
    "a module whose file is not known": ("/a/job.py", {"__file__": None}, "job"),
    "code of a name": ("job.py", {}, "job"),
    "code without a name": ("<string>", {}, "interactive"),
    "a file without a name": ("/a/.py", {}, "interactive"),
    "a package without a name": ("/__main__.py", {}, "interactive"),
}


@pytest.mark.parametrize(("file", "names", "name"), CODES.values(), ids=CODES.keys())
def test_a_use_case_is_named_for_the_file_of_its_code(file: str, names: dict[str, Any], name: str) -> None:
    assert run_code(file, names) == name


def test_without_python_code_that_calls_there_is_a_name_too() -> None:
    nobody: FrameType | None = None
    assert default_use_case_name(nobody) == "interactive"


@pytest.mark.parametrize("file", ["job.py", "__main__.py"])
def test_there_is_a_name_even_if_the_folder_is_gone(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    names: dict[str, Any] = {"__file__": file, "sys": sys, "default_use_case_name": default_use_case_name}
    exec("name = default_use_case_name(sys._getframe())", names)  # noqa: S102 (a frame of that file)
    assert names["name"] == ("job" if file == "job.py" else "interactive")


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python jobs/daily.py --day 1", "daily"),
        ("python -m shop.jobs.daily", "daily"),
        ("python -X dev -W error -u job.py", "job"),
        ("python -c pass", "interactive"),
        ("python -", "interactive"),
        ("python", "interactive"),
        ("python -m", "interactive"),
        ("python -mshop.jobs.daily --day 1", "daily"),
        ("python -um shop.jobs.daily 1", "daily"),
        ("python -Im gunicorn shop.wsgi:app", "wsgi"),
        ("python -Xdev -Werror -X utf8 job.py", "job"),
        ("python -uX dev -bW error job.py", "job"),
        ("python --check-hash-based-pycs always job.py", "job"),
        ("python -uc pass job.py", "interactive"),
        ("python -cpass job.py", "interactive"),
        ("python - job.py", "interactive"),
        ("python -u - job.py", "interactive"),
        ("python /venv/bin/gunicorn -w 2 shop.wsgi:app", "wsgi"),
        ("python -m gunicorn shop:create_app()", "shop"),
        ("python /venv/bin/gunicorn -b 127.0.0.1:8000 -c conf.py shop:app", "shop"),
        ("python /venv/bin/gunicorn --version", "gunicorn"),
        ("python -m uvicorn --port 80 shop.main:app --reload", "main"),
        ("python -m hypercorn -w 2 shop.main:app", "main"),
        ("python /venv/bin/granian --interface asgi shop.main:app", "main"),
        ("python /venv/bin/daphne -p 80 shop.asgi:application", "asgi"),
        ("python -m waitress shop.main:app", "waitress"),
        ("python -m celery -A shop.tasks worker", "tasks"),
        ("python -m celery --app=shop.tasks:app worker", "tasks"),
        ("python -m celery -A", "celery"),
        ("python -m celery worker", "celery"),
        ("python -m streamlit run app.py", "app"),
        ("python -m streamlit run app.pyc", "app"),
        ("python -m streamlit run --server.port=1", "streamlit"),
        ("python -m streamlit hello", "streamlit"),
        ("python -m pytest tests", "pytest"),
        ("python app.pyz", "app"),
        ("python dist/app.pyz", "app"),
        ("python job.v2.sh", "job.v2.sh"),
        ("python server.pyw", "server"),
        ("python jobs", "jobs"),
        ("python jobs/", "jobs"),
        ("python jobs/__main__.py", "jobs"),
    ],
)
def test_a_command_line_is_named_for_the_application_that_it_runs(command: str, name: str) -> None:
    assert name_program(command.split()) == name


def test_the_current_folder_has_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    assert name_program(["python", "."]) == "shop"
