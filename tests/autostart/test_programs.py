"""Programs that others wrote, with what they depend on, under `payi-transport run`: every call once.

Each needs packages that the other tests don't, so CI runs these in an environment of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.autostart.support import seen, serving, start
from tests.support.origin import Origin


def test_each_run_of_a_streamlit_app_is_reported(folder: Path, ingest: Origin) -> None:
    pytest.importorskip("streamlit")
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.sync.client import connect
    from websockets.typing import Subprotocol

    (folder / "chat.py").write_text(
        "import streamlit as st\nfrom calls import call\n"
        "st.session_state.runs = st.session_state.get('runs', 0) + 1\ncall(f'run-{st.session_state.runs}')\n"
    )
    command = ["streamlit", "run", "chat.py", "--server.port", "{port}", "--server.headless", "true"]
    command += ["--browser.gatherUsageStats", "false", "--server.address", "127.0.0.1"]
    again = BackMsg()
    again.rerun_script.query_string = ""
    with serving(command, folder, ingest, "/_stcore/health") as address:
        with connect(
            f"ws://{address}/_stcore/stream", subprotocols=[Subprotocol("streamlit")], proxy=None
        ) as page:
            for _ in range(2):
                page.send(again.SerializeToString())
                while ForwardMsg.FromString(page.recv(60)).WhichOneof("type") != "script_finished":
                    pass
    assert seen(ingest) == {("run-1", "chat"): 1, ("run-2", "chat"): 1}, (folder / "log").read_text()


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
    ran = start([sys.executable, "job.py"], folder, ingest, PYTHONWARNINGS="ignore")
    assert ran.returncode == 0, ran.stderr
    assert seen(ingest) == {(str(number), "job"): 1 for number in range(4)}, ran.stderr
