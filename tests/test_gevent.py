"""A program whose threads are gevent's: patched before it is instrumented, as gevent asks for, or behind."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.origin import Origin
from tests.support.programs import TAKEN, delivered, run

PATCH = "from gevent import monkey; monkey.patch_all()\n"
WORK = """
import gevent
def work(name):
    for number in range(5):
        call(f"{name}-{number}")
        gevent.sleep(0)
"""
BODY = f"""{WORK}
ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        # With 0 it would starve gevent's own thread pool, which resolves addresses, for up to half a minute.
        gevent.sleep(0.001)
gevent.joinall([gevent.spawn(work, name) for name in range(20)])
gevent.spawn(tick)
"""
NAMES = {f"{name}-{number}" for name in range(20) for number in range(5)}


@pytest.mark.parametrize("order", ["before", "behind"])
def test_greenlets_report_their_calls_once(order: str, origin: Origin, tmp_path: Path) -> None:
    origin.responses = [TAKEN]
    start = PATCH + "instrument()" if order == "before" else "instrument()\ncall('early')\n" + PATCH
    ran = run(tmp_path, f"{start}\n{BODY}\nassert payi_flush(30)\ncall('late')", origin)
    assert ran.returncode == 0, ran.stderr
    early = {"early"} if order == "behind" else set()
    assert delivered(origin) == dict.fromkeys(NAMES | early | {"late"}, 1)


# A greenlet that waits as a thread would stops all of them, until the worker wakes up after two seconds.
CHILD = """
pauses, last = [], time.monotonic()
def measure():
    global last
    while True:
        now = time.monotonic()
        pauses.append(now - last)
        last = now
        gevent.sleep(0.001)
gevent.spawn(measure)
gevent.joinall([gevent.spawn(work, name) for name in range(20)])
assert payi_flush(30)
os._exit(max(pauses) > 1.5)
"""


def test_a_child_that_is_patched_after_the_fork_delivers_and_stops_no_greenlet(
    origin: Origin, tmp_path: Path
) -> None:
    origin.responses = [TAKEN]
    # As gunicorn does with --preload: the workers are forked, and then patched.
    child = textwrap.indent(f"{PATCH}{WORK}{CHILD}", "    ")
    body = f"instrument()\ncall('parent')\npid = os.fork()\nif not pid:\n{child}\n"
    ran = run(tmp_path, f"{body}assert os.waitpid(pid, 0)[1] == 0\nassert payi_flush(30)", origin)
    assert ran.returncode == 0, ran.stderr
    assert delivered(origin) == dict.fromkeys(NAMES | {"parent"}, 1)


@pytest.mark.skipif(
    sys.version_info >= (3, 12),
    reason="there, an exiting interpreter starts no thread, and gevent resolves names on one",
)
def test_a_short_program_that_is_patched_late_reports_its_calls_at_its_end(
    origin: Origin, tmp_path: Path
) -> None:
    origin.responses = [TAKEN]
    ran = run(tmp_path, f"instrument()\ncall('early')\n{PATCH}\ncall('late')", origin)
    assert ran.returncode == 0, ran.stderr
    assert delivered(origin) == {"early": 1, "late": 1}, ran.stderr


def test_an_idle_program_reports_its_last_calls_at_its_end(origin: Origin, tmp_path: Path) -> None:
    origin.responses = [TAKEN]
    # By then gevent has let go of the threads that it resolves addresses on.
    body = f"{PATCH}import gevent\ninstrument()\ngevent.sleep(6)\ncall('last')"
    ran = run(tmp_path, body, origin)
    assert ran.returncode == 0, ran.stderr
    assert delivered(origin) == {"last": 1}, ran.stderr


def test_a_greenlet_begins_outside_all_scopes_unless_it_runs_a_copy_of_the_context(
    origin: Origin, tmp_path: Path
) -> None:
    body = """
    import contextvars, gevent
    from payi_transport import get_context, track_context
    instrument()
    def user():
        return get_context().get("user_id")
    with track_context(user_id="a"):
        greenlets = [gevent.spawn(user), gevent.spawn(contextvars.copy_context().run, user)]
        gevent.joinall(greenlets)
        print([greenlet.value for greenlet in greenlets], user())
    """
    ran = run(tmp_path, PATCH + textwrap.dedent(body), origin)
    assert ran.stdout == "[None, 'a'] a\n", ran.stderr


def test_while_a_greenlet_flushes_the_others_run(origin: Origin, tmp_path: Path) -> None:
    origin.responses = [TAKEN]
    body = f"{PATCH}instrument()\n{BODY}\nbefore = ticks\nassert payi_flush(30)\nassert ticks > before"
    ran = run(tmp_path, body, origin)
    assert ran.returncode == 0, ran.stderr
