"""However a process ends, what it captured is delivered or left on disk, and it ends in time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.support.origin import CannedResponse, Origin
from tests.support.programs import DOWN, TAKEN, delivered, make_environment, write
from tests.support.programs import run as run_program

# A program that does not end by then is killed, and its test fails. Each takes about a second.
SECONDS = 30
run = partial(run_program, timeout=SECONDS)

# Python's default, unless a shell started it in the background and ignores SIGINT for it.
INTERRUPTIBLE = "signal.signal(signal.SIGINT, signal.default_int_handler)"
ENDS = {
    "normal": ("", {0}),
    "sys.exit": ("sys.exit(3)", {3}),
    "exception": ("raise RuntimeError('the program')", {1}),
    "SIGTERM that is handled": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); os.kill(os.getpid(), signal.SIGTERM)"
        "; signal.pause()",
        {5},
    ),
    "SIGINT": (
        f"{INTERRUPTIBLE}; os.kill(os.getpid(), signal.SIGINT); signal.pause()",
        {1, -signal.SIGINT},
    ),
    "SIGINT that is handled": (
        f"{INTERRUPTIBLE}\ntry:\n    os.kill(os.getpid(), signal.SIGINT); signal.pause()\n"
        "except KeyboardInterrupt:\n    sys.exit(6)",
        {6},
    ),
    "in a thread that outlives the main one": (
        "threading.Thread(target=lambda: (threading.main_thread().join(), call('late'))).start()",
        {0},
    ),
}


@pytest.mark.parametrize(("end", "codes"), ENDS.values(), ids=ENDS.keys())
def test_what_was_captured_is_delivered_at_the_end(
    end: str, codes: set[int], origin: Origin, tmp_path: Path
) -> None:
    origin.responses = [TAKEN]
    ran = run(tmp_path, "instrument()\ncall(1); call(2)\n" + end, origin)
    assert ran.returncode in codes, ran.stderr
    late = {"late": 1} if "late" in end else {}
    assert delivered(origin) == {"1": 1, "2": 1, **late}
    assert "payi_transport" not in ran.stderr


@pytest.mark.parametrize(
    "left",
    ["", "response.itself = response; del response, request, client"],
    ids=["still held", "garbage that nobody collected"],
)
def test_a_response_still_streaming_at_the_end_is_delivered_with_what_has_arrived(
    left: str, origin: Origin, tmp_path: Path
) -> None:
    body = f"""
        import gc

        body = [b'data: {{"id": "left", "model": "gpt-4.1", "choices": []}}\\n\\n', b"data: [DONE]\\n\\n"]
        stream = {{"headers": {{"content-type": "text/event-stream"}}, "content": iter(body)}}
        transport = httpx.MockTransport(lambda request: httpx.Response(200, **stream))
        instrument()
        gc.disable()
        client = httpx.Client(transport=transport)
        request = client.build_request("POST", "https://api.openai.com/v1/chat/completions", json={{}})
        response = client.send(request, stream=True)
        next(response.iter_raw())
        {left}
    """
    origin.responses = [TAKEN]
    ran = run(tmp_path, body, origin)
    assert ran.returncode == 0, ran.stderr
    assert delivered(origin) == {"left": 1}


def test_calls_after_the_exit_hook_are_counted_as_lost(origin: Origin, tmp_path: Path) -> None:
    body = """
        import atexit

        def end_late():
            payi_instrument()
            call("late")
            os._exit(0 if payi_stats().lost == {"shutdown": 1} else 3)

        # The first to register is the last to be called.
        atexit.register(end_late)
        instrument()
        call("in time")
    """
    origin.responses = [TAKEN]
    ran = run(tmp_path, body, origin)
    assert ran.returncode == 0, ran.stderr
    assert delivered(origin) == {"in time": 1}


UNHELPFUL = {
    "that never responds": CannedResponse(hold=threading.Event()),
    "that stops within its response": CannedResponse([b"{", b"}"], hold=threading.Event()),
    "that is down": DOWN,
    "that refuses the key": CannedResponse([b"{}"], status=401),
    "that asks for an hour": CannedResponse([b"{}"], status=429, headers={"retry-after": "3600"}),
}


@pytest.mark.parametrize("spooled", [False, True], ids=["memory", "spool"])
@pytest.mark.parametrize("response", UNHELPFUL.values(), ids=UNHELPFUL.keys())
def test_the_exit_takes_at_most_two_seconds_longer(
    response: CannedResponse, spooled: bool, origin: Origin, tmp_path: Path
) -> None:
    origin.responses = [response]
    spool = f"spool_directory={str(tmp_path / 'spool')!r}" if spooled else ""
    body = f"instrument({spool})\ncall(1)\nprint(time.time(), flush=True)"
    ran = run(tmp_path, body, origin)
    took = time.time() - float(ran.stdout)
    if response.hold is not None:
        response.hold.set()
        response.hold.clear()
    assert ran.returncode == 0, ran.stderr
    # Two seconds, and the exit of an interpreter on a busy machine.
    assert took < 4
    if spooled:
        origin.responses = [TAKEN]
        origin.received.clear()
        run(
            tmp_path,
            f"instrument({spool}, max_batch=1)\nwhile not payi_stats().replayed: payi_flush(1)",
            origin,
        )
        assert delivered(origin) == {"1": 1}


@pytest.mark.parametrize("daemon", [False, True])
def test_threads_that_make_calls_until_the_end_neither_delay_nor_break_the_exit(
    daemon: bool, origin: Origin, tmp_path: Path
) -> None:
    origin.responses = [TAKEN]
    body = f"""
        instrument(flush_interval=0.01)
        stopping = threading.Event()
        def work(name):
            number = 0
            while not stopping.wait(0.01):
                call(f"{{name}}-{{number}}")
                number += 1
        for name in range(4):
            threading.Thread(target=work, args=(name,), daemon={daemon}).start()
        wait_until(lambda: payi_stats().delivered >= 20)
        if not {daemon}:
            stopping.set()
    """
    ran = run(tmp_path, body, origin)
    assert (ran.returncode, ran.stderr) == (0, "")
    counts = delivered(origin)
    assert len(counts) >= 20
    assert set(counts.values()) == {1}


# A server may read what a process sent long after the process died, so send nothing.
NOBODY = 'os.environ["PAYI_BASE_URL"] = "http://127.0.0.1:1"'
DEATHS = {
    "kill -9": "os.kill(os.getpid(), signal.SIGKILL)",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM)",
    "os._exit": "os._exit(0)",
}


@pytest.mark.parametrize("death", DEATHS.values(), ids=DEATHS.keys())
def test_with_a_spool_a_sudden_death_loses_at_most_the_last_interval(
    death: str, origin: Origin, tmp_path: Path
) -> None:
    spool = f"spool_directory={str(tmp_path / 'spool')!r}, flush_interval=0.01"
    body = f"""
        {NOBODY}
        instrument({spool})
        for number in range(300):
            call(number)
        wait_until(lambda: payi_stats().spooled == 300)
    """
    run(tmp_path, body + "\n" + " " * 8 + death, origin)
    origin.responses = [TAKEN]
    run(tmp_path, f"instrument({spool})\nwait_until(lambda: payi_stats().replayed == 300)", origin)
    assert delivered(origin) == {str(number): 1 for number in range(300)}
    assert list((tmp_path / "spool").iterdir()) == []


def test_many_processes_share_what_was_left_behind_and_deliver_it_once(
    origin: Origin, tmp_path: Path
) -> None:
    spool = f"spool_directory={str(tmp_path / 'spool')!r}, flush_interval=0.01"
    leave = f"""
        {NOBODY}
        instrument({spool})
        for number in range(50):
            call(f"{{sys.argv[1]}}-{{number}}")
        wait_until(lambda: payi_stats().spooled == 50)
        os._exit(0)
    """
    program = write(tmp_path, leave)
    environment = make_environment(origin)

    def run_three(file: Path) -> list[int]:
        commands = [[sys.executable, str(file), str(number)] for number in range(3)]
        with ExitStack() as stack:
            processes = []
            for command in commands:
                processes.append(stack.enter_context(subprocess.Popen(command, env=environment)))
                stack.callback(processes[-1].kill)
            return [process.wait(SECONDS) for process in processes]

    assert run_three(program) == [0, 0, 0]
    origin.responses = [TAKEN]
    deliver = f"""
        instrument({spool})
        wait_until(lambda: not os.listdir({str(tmp_path / "spool")!r}))
    """
    assert run_three(write(tmp_path, deliver)) == [0, 0, 0]
    assert delivered(origin) == {f"{name}-{number}": 1 for name in range(3) for number in range(50)}


def test_what_was_captured_after_a_second_start_is_delivered_at_the_end(
    ingest: Origin, tmp_path: Path
) -> None:
    body = """
        from payi_transport import payi_shutdown
        instrument()
        call(1)
        assert payi_shutdown()
        instrument()
        call(2)
    """
    ran = run(tmp_path, body, ingest)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert delivered(ingest) == {"1": 1, "2": 1}


# Python 3.12 and later start no threads at that time, with which an async call would wait for its report.
AT_EXIT = """
import asyncio, atexit

def check():
    stats = payi_stats()
    print(stats.captured, stats.delivered + stats.queued + sum(stats.lost.values()), stats.faults)

async def ask(name):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"id": name}))
    async with httpx.AsyncClient(transport=transport) as client:
        response = await client.post("https://api.openai.com/v1/chat/completions", json={"model": "gpt-4.1"})
        print(name, response.status_code)

atexit.register(check)
atexit.register(lambda: asyncio.run(ask("after")))
instrument(mode="inline")
atexit.register(lambda: asyncio.run(ask("before")))
"""


def test_calls_at_the_exit_have_their_responses_with_inline_delivery(origin: Origin, tmp_path: Path) -> None:
    origin.responses = [CannedResponse([b"{}"], headers={"content-type": "application/json"})]
    ran = run(tmp_path, AT_EXIT, origin)
    assert (ran.returncode, ran.stdout.splitlines()) == (0, ["before 200", "after 200", "2 2 0"]), ran.stderr
