"""The README keeps what other tools and first-time readers rely on. `tests/docs` runs its snippets."""

from __future__ import annotations

import re
from pathlib import Path

from examples.stand_in import serve
from tests.support.snippets import ROOT, read_snippets, run_python

README = ROOT / "README.md"
PYTHON = [snippet.text for snippet in read_snippets(README) if snippet.language == "python"]
SHELL = [snippet.text for snippet in read_snippets(README) if snippet.language == "bash"]


def test_the_first_snippet_reports_the_call_for_its_user(tmp_path: Path) -> None:
    with serve() as stand_in:
        ran = run_python(PYTHON[0], stand_in, tmp_path)
        assert ran.code == 0, ran.output
        assert stand_in.calls == ["/v1/chat/completions"]
        [event] = stand_in.events
    assert (event["use_case_name"], event["user_id"]) == ("support_bot", "user-42")
    assert event["units"] == {"text": {"input": 9, "output": 6}}


def test_the_commands_that_set_up_are_where_ci_finds_them() -> None:
    assert sum(text.startswith("python3 -m venv") for text in SHELL) == 2
    assert "grep '^python3 -m venv' README.md" in (ROOT / ".ci" / "run").read_text()


def test_the_readme_stays_short() -> None:
    assert 150 <= len(README.read_text("utf-8").splitlines()) <= 200


def test_links_to_files_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", README.read_text("utf-8"))
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_a_snippet_that_leaves_loopback_fails(tmp_path: Path) -> None:
    with serve() as stand_in:
        ran = run_python("import httpx; httpx.get('http://example.com')", stand_in, tmp_path)
    assert ran.code == 1
    assert "must not reach example.com" in ran.output


def test_a_snippet_that_raises_fails(tmp_path: Path) -> None:
    with serve() as stand_in:
        ran = run_python("assert 1 == 2", stand_in, tmp_path, "page.md:1")
    assert ran.code == 1
    assert 'File "page.md:1", line 1' in ran.output
