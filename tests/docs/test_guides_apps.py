"""The guides to Streamlit and Ray, with the real ones. Only the environment of the group `apps` has them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from examples.stand_in import TEXT, StandIn
from tests.support.snippets import ROOT, make_environment, read_snippets, run_python

# Each user opens the page in a browser of their own, and asks twice.
VISITS = """
# Those of Streamlit and what it imports.
import warnings
warnings.simplefilter("ignore")
from pathlib import Path
from streamlit.testing.v1 import AppTest
from payi_transport import payi_flush
for user in ("ada", "grace"):
    page = AppTest.from_file(Path("chat.py").absolute(), default_timeout=60)
    page.query_params["user"] = user
    page.run()
    for question in ("Where is my parcel?", "When does it arrive?"):
        page.chat_input[0].set_value(question).run()
        assert not page.exception, page.exception
        assert page.chat_message[0].markdown[0].value == {text!r}
assert payi_flush()
"""
CALLBACK = """
def ask():
    client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])
with track_context(user_id="ada"):
    if st.button("Ask", on_click=ask):
        ask()
"""
CLICK = """
import warnings
warnings.simplefilter("ignore")
from pathlib import Path
from streamlit.testing.v1 import AppTest
from payi_transport import payi_flush
page = AppTest.from_file(Path("chat.py").absolute(), default_timeout=60).run()
page.button[0].click().run()
assert not page.exception, page.exception
assert payi_flush()
"""
# A task that gets no scope.
UNSCOPED = "\nray.get(summarize.remote('a third', {}))\n"


def read_guide(name: str) -> list[str]:
    page = ROOT / "docs/guides" / f"{name}.md"
    return [snippet.text for snippet in read_snippets(page) if snippet.language == "python"]


def test_each_run_of_a_streamlit_script_is_for_the_user_of_its_session(
    stand_in: StandIn, tmp_path: Path
) -> None:
    pytest.importorskip("streamlit", reason="it is in the dependency group `apps`")
    (tmp_path / "chat.py").write_text(read_guide("streamlit")[0])
    ran = run_python(VISITS.format(text=TEXT), stand_in, tmp_path)
    assert ran.code == 0, ran.output
    assert [event["user_id"] for event in stand_in.events] == ["ada", "ada", "grace", "grace"]
    assert {event["use_case_name"] for event in stand_in.events} == {"support_bot"}
    first, second, third, fourth = (event["use_case_id"] for event in stand_in.events)
    assert first == second != third == fourth


def test_a_callback_of_streamlit_runs_outside_the_scope_around_its_widget(
    stand_in: StandIn, tmp_path: Path
) -> None:
    pytest.importorskip("streamlit", reason="it is in the dependency group `apps`")
    (tmp_path / "chat.py").write_text(read_guide("streamlit")[0] + CALLBACK)
    ran = run_python(CLICK, stand_in, tmp_path)
    assert ran.code == 0, ran.output
    assert [event.get("user_id") for event in stand_in.events] == [None, "ada"]


@pytest.mark.parametrize("start", ["run", "setup hook"])
def test_tasks_and_actors_of_ray_report_for_the_scope_that_is_passed_to_them(
    start: str, stand_in: StandIn, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="it is in the dependency group `apps`")
    program, without_run = read_guide("ray")
    command = [sys.executable, "job.py"]
    if start == "run":
        command = [sys.executable, "-m", "payi_transport", "run", "--", *command]
    else:
        program = program.replace("ray.init()\n", without_run)
    (tmp_path / "job.py").write_text(program + UNSCOPED)
    more = {
        "PAYI_TRANSPORT_HOST_MAPPINGS": json.dumps({stand_in.url: {"price_as_category": "system.openai"}}),
        # So that only a flush delivers.
        "PAYI_TRANSPORT_DELIVERY__FLUSH_INTERVAL": "3600",
        # A cluster of its own, beside that of another test.
        "RAY_ADDRESS": "local",
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    environment = make_environment(stand_in) | more
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=180)
    assert ran.returncode == 0, ran.stderr
    name = "job" if start == "run" else "nightly"
    seen = sorted((event["use_case_name"], event.get("user_id")) for event in stand_in.events)
    assert seen == [("assistant", "grace"), (name, None), ("summaries", "ada"), ("summaries", "ada")]
    ids = {event["use_case_id"] for event in stand_in.events if event["use_case_name"] == "summaries"}
    assert len(ids) == 1
