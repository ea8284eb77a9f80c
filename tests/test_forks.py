"""Forks and children of multiprocessing: every event is delivered once, by the process that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.origin import Origin
from tests.support.programs import DOWN, delivered, run

WAIT = """
import ctypes, faulthandler, glob

def fork_without_hooks():
    # The interpreter's own locks are not made anew in such a child. A thread that goes to sleep holds some of
    # them for a moment, so let all others be asleep.
    own = threading.get_native_id()
    others = [file for file in glob.glob("/proc/self/task/*/stat") if f"/{own}/" not in file]
    while not all(map(sleeps, others)):
        os.sched_yield()
    child = ctypes.PyDLL(None).fork()
    if child == 0:
        # One that hangs says where.
        faulthandler.register(signal.SIGALRM, chain=True)
        signal.alarm(60)
    return child

def sleeps(file):
    try:
        with open(file) as stat:
            return stat.read().rpartition(")")[2].split()[0] == "S"
    except (FileNotFoundError, ProcessLookupError):
        return True

def wait(child):
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, code
"""


def check(body: str, ingest: Origin, folder: Path, *names: str) -> None:
    """The program ends well, and each of the named events arrived once."""
    ran = run(folder, WAIT + body, ingest)
    assert ran.returncode == 0, ran.stderr
    assert delivered(ingest) == dict.fromkeys(names, 1), ran.stderr


CHILDREN = {
    "that flushes": "payi_flush(10); os._exit(0)",
    "that exits": "sys.exit(0)",
    "that captures nothing": "os._exit(0)",
}


@pytest.mark.parametrize("spooled", [False, True], ids=["memory", "spool"])
@pytest.mark.parametrize(("kind", "end"), CHILDREN.items(), ids=CHILDREN.keys())
def test_a_forked_child_reports_what_it_made_and_its_parent_the_rest(
    kind: str, end: str, spooled: bool, ingest: Origin, tmp_path: Path
) -> None:
    calls = kind != "that captures nothing"
    spool = f"spool_directory={str(tmp_path / 'spool')!r}" if spooled else ""
    body = f"""
instrument({spool})
call("before"); payi_flush(10); call("pending")
child = os.fork()
if child == 0:
    assert payi_stats().captured == 0
    if {calls}:
        call("child")
    {end}
wait(child)
call("after")
assert payi_flush(10)
assert payi_stats().delivered == 3
"""
    check(body, ingest, tmp_path, "before", "pending", "after", *(["child"] if calls else []))


def test_a_fork_that_calls_no_hook_is_noticed(ingest: Origin, tmp_path: Path) -> None:
    body = """
instrument()
call("before"); payi_flush(10); call("pending")
child = fork_without_hooks()
if child == 0:
    assert payi_stats().captured == 0
    call("child")
    os._exit(0 if payi_flush(10) and payi_stats().delivered == 1 else 3)
wait(child)
assert payi_flush(10)
"""
    check(body, ingest, tmp_path, "before", "pending", "child")


@pytest.mark.parametrize("fork", ["os.fork", "fork_without_hooks"], ids=["os", "without hooks"])
def test_a_child_of_a_process_that_was_shut_down_can_begin_again(
    fork: str, ingest: Origin, tmp_path: Path
) -> None:
    body = f"""
from payi_transport import payi_shutdown
instrument()
call("parent"); assert payi_shutdown()
child = {fork}()
if child == 0:
    call("lost")
    assert payi_stats().lost == {{"shutdown": 1}}
    instrument()
    call("child")
    sys.exit(0)
wait(child)
"""
    check(body, ingest, tmp_path, "parent", "child")


@pytest.mark.parametrize("mode", ["bulk", "inline"])
@pytest.mark.parametrize("fork", ["os.fork", "fork_without_hooks"], ids=["os", "without hooks"])
def test_a_call_that_was_begun_before_the_fork_is_the_parents(
    fork: str, mode: str, ingest: Origin, tmp_path: Path
) -> None:
    body = f"""
instrument(mode={mode!r})
class Stream(httpx.SyncByteStream):
    def __iter__(self):
        yield b'{{"id": "shared", "usage": {{"prompt_tokens": 1}}}}'
transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=Stream()))
client = httpx.Client(transport=transport)
with client.stream("POST", "https://api.openai.com/v1/chat/completions", json={{}}) as response:
    child = {fork}()
    response.read()
if child == 0:
    payi_flush(10)
    os._exit(0 if payi_stats().captured == 0 else 3)
wait(child)
"""
    check(body, ingest, tmp_path, "shared")


def test_a_child_that_only_execs_starts_no_thread(ingest: Origin, tmp_path: Path) -> None:
    body = """
instrument()
call("parent")
child = os.fork()
if child == 0:
    os._exit(threading.active_count() - 1)
wait(child)
"""
    check(body, ingest, tmp_path, "parent")


def test_a_parent_that_was_shut_down_has_children_that_are(ingest: Origin, tmp_path: Path) -> None:
    ingest.responses = [DOWN]
    body = f"""
from payi_transport import payi_shutdown
instrument(spool_directory={str(tmp_path / "spool")!r})
call("parent")
payi_shutdown(0)
child = os.fork()
if child == 0:
    call("child")
    assert threading.active_count() == 1
    os._exit(0 if payi_stats().lost == {{"shutdown": 1}} else 3)
wait(child)
"""
    ran = run(tmp_path, WAIT + body, ingest)
    assert ran.returncode == 0, ran.stderr
    assert delivered(ingest)["child"] == 0


def test_locks_that_other_threads_hold_at_the_fork_stop_no_child(ingest: Origin, tmp_path: Path) -> None:
    body = """
import logging
class Nowhere(logging.Handler):
    def emit(self, record):
        pass
logging.basicConfig(level=logging.DEBUG, handlers=[Nowhere()])
instrument(flush_interval=0.001)
stopping = threading.Event()
def disturb():
    while not stopping.is_set():
        payi_instrument()
        payi_flush(0.001)
        logging.getLogger("payi.instrument").warning("busy")
for _ in range(4):
    threading.Thread(target=disturb, daemon=True).start()
for number in range(20):
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        payi_instrument()
        call(f"child-{number}")
        os._exit(0 if payi_flush(30) else 3)
    call(f"parent-{number}")
    wait(child)
stopping.set()
"""
    names = [f"{who}-{number}" for who in ("child", "parent") for number in range(20)]
    check(body, ingest, tmp_path, *names)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("pool", ["process", "pool", "executor"])
@pytest.mark.parametrize("where", ["module", "child"])
def test_children_of_multiprocessing(
    method: str, pool: str, where: str, ingest: Origin, tmp_path: Path
) -> None:
    body = f"""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
{"instrument()" if where == "module" else ""}
def work(name):
    {"instrument()" if where == "child" else ""}
    call(name)
def main():
    context = multiprocessing.get_context({method!r})
    names = ["1", "2", "3"]
    call("parent")
    if {pool!r} == "process":
        for name in names:
            process = context.Process(target=work, args=(name,))
            process.start()
            process.join()
            assert process.exitcode == 0
    elif {pool!r} == "pool":
        with context.Pool(2) as pool:
            pool.map(work, names)
            pool.close()
            pool.join()
    else:
        with ProcessPoolExecutor(2, mp_context=context) as executor:
            list(executor.map(work, names))
if __name__ == "__main__":
    main()
"""
    parent = ["parent"] if where == "module" else []
    check(body, ingest, tmp_path, "1", "2", "3", *parent)
