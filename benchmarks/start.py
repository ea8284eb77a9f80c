"""What a process pays before its first call, and for that call: CPU time of whole processes.

Both sides of a round are fresh interpreters, so bytecode is cached and nothing else is. A function that
starts cold, as in AWS Lambda, pays for the import, for `payi_instrument()`, and for what the first call
needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.samples import Case, Pair, Round, Row
from benchmarks.samples import summarize as summarize_rounds

__all__ = ["list_cases", "measure", "summarize"]

_UNIT = "ms CPU a process"
_ROOT = Path(__file__).resolve().parents[1]
_AUTOSTART = _ROOT / "payi_transport" / "autostart"
_INSTRUMENT = "import payi_transport; payi_transport.payi_instrument(sink=payi_transport.MemorySink())"
# A call of a client to a provider in the same process, as in `overhead`.
_CALL = """
import httpx
def respond(request):
    return httpx.Response(200, content=b'{"id": "1", "usage": {"prompt_tokens": 1, "completion_tokens": 1}}')
url = "https://api.openai.com/v1/chat/completions"
httpx.Client(transport=httpx.MockTransport(respond)).post(url, json={"model": "gpt-4.1"})
"""
_END = "payi_transport.payi_shutdown(); assert payi_transport.payi_stats().delivered == 1"


class _Program(NamedTuple):
    """`code`, the same `bare`, and how many more ms it may take. `runs`: it is under `payi-transport run`."""

    code: str
    bare: str
    budget: float | None = None
    runs: bool = False


# Source of the budgets: the targets that the import and the start were given.
_PROGRAMS: dict[Case, _Program] = {
    ("import payi_transport", "beside httpx and msgspec"): _Program(
        "import httpx, msgspec; from payi_transport import payi_instrument", "import httpx, msgspec", 60.0
    ),
    ("payi_instrument()", "beside the import"): _Program(
        f"import httpx; {_INSTRUMENT}", "import httpx; from payi_transport import payi_instrument", 10.0
    ),
    ("first call", "with import, start, and delivery"): _Program(f"{_INSTRUMENT}\n{_CALL}\n{_END}", _CALL),
    ("run", "no HTTP library"): _Program("pass", "pass", 30.0, runs=True),
    ("run", "httpx, beside importing the package"): _Program(
        "import httpx", "import httpx; from payi_transport import payi_instrument", 30.0, runs=True
    ),
    ("run", "httpx2, beside importing the package"): _Program(
        "import httpx2", "import httpx2; from payi_transport import payi_instrument", 30.0, runs=True
    ),
}


def list_cases(*, quick: bool = False) -> Sequence[Case]:
    """The import, the start, the first call, and programs under `payi-transport run`."""
    return [*_PROGRAMS][:3] if quick else [*_PROGRAMS]


def measure(case: Case, *, rounds: int, quick: bool = False) -> Sequence[Round]:
    """Start both programs of a case in each round, once more than counts."""
    program = _PROGRAMS[case]
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PAYI_"))}
    # Nobody listens there, and nothing is sent before the process has ended.
    bare.update(PAYI_API_KEY="k", PAYI_BASE_URL="http://127.0.0.1:9", PYTHONPATH=str(_ROOT))
    recorded = {**bare, "PYTHONPATH": f"{_AUTOSTART}{os.pathsep}{_ROOT}"} if program.runs else bare
    samples = [
        {_UNIT: Pair(_run(program.code, recorded), _run(program.bare, bare))} for _ in range(rounds + 1)
    ]
    return samples[1:]


def summarize(case: Case, rounds: Sequence[Mapping[str, Sequence[Any]]]) -> Iterable[Row]:
    """A row for a case: the milliseconds that it adds."""
    budget = _PROGRAMS[case].budget
    return summarize_rounds(case, rounds, None if budget is None else {_UNIT: budget})


def _run(code: str, environment: Mapping[str, str]) -> float:
    """Run a program, and return the milliseconds of CPU time that it took."""
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a program of this benchmark failed: {code!r}")
    return (used.ru_utime + used.ru_stime) * 1000
