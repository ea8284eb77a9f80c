"""The guides do what they say: each is exercised as its framework would, and each event names its user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from examples.stand_in import StandIn
from tests.support.snippets import ROOT, read_snippets, run_python

# What the framework does with the code of a guide.
FASTAPI = """
async def use_service():
    import httpx
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as browser:
            for user in ("ada", "grace"):
                asked = await browser.post("/ask", params={"question": "Hi"}, headers={"x-user-id": user})
                assert asked.status_code == 200
asyncio.run(use_service())
"""
DJANGO = """
from types import SimpleNamespace
from openai import OpenAI
from payi_transport import payi_flush, payi_instrument
payi_instrument()
def view(request):
    return OpenAI().chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hi"}])
from django.conf import settings
settings.configure(PAYI_SCOPE=find_user)
from payi_transport.contrib.django import PayiMiddleware
for user in ("ada", "grace"):
    request = SimpleNamespace(user=SimpleNamespace(pk=user, is_authenticated=True), headers={})
    response = SimpleNamespace(streaming=False)
    assert PayiMiddleware(lambda request: view(request) and response)(request) is response
payi_flush()
"""
CELERY = """
app.conf.task_always_eager = True
from payi_transport import track_context
for user in ("ada", "grace"):
    with track_context(user_id=user):
        assert summarize.delay("late parcel").get()
from payi_transport import payi_flush
payi_flush()
"""
FLUSH = "\nfrom payi_transport import payi_flush\npayi_flush()\n"


def run_guide(name: str, index: int, exercise: str, stand_in: StandIn, folder: Path) -> list[dict[str, Any]]:
    """The events of a guide's snippet and of what its framework does with it."""
    snippets = [s for s in read_snippets(ROOT / "docs/guides" / f"{name}.md") if s.language == "python"]
    ran = run_python(f"{snippets[index].text}\n{exercise}", stand_in, folder, snippets[index].name)
    assert ran.code == 0, ran.output
    return stand_in.events


@pytest.mark.parametrize(
    ("package", "name", "index", "exercise", "use_case"),
    [
        ("fastapi", "fastapi", 0, FASTAPI, "support_bot"),
        ("django", "django", 1, DJANGO, None),
        ("celery", "celery", 0, CELERY, "summarize_cases"),
    ],
    ids=["fastapi", "django", "celery"],
)
def test_a_framework_reports_each_call_for_its_user(
    package: str,
    name: str,
    index: int,
    exercise: str,
    use_case: str | None,
    stand_in: StandIn,
    tmp_path: Path,
) -> None:
    pytest.importorskip(package)
    events = run_guide(name, index, exercise, stand_in, tmp_path)
    assert sorted(event["user_id"] for event in events) == ["ada", "grace"]
    if use_case is not None:
        assert {event["use_case_name"] for event in events} == {use_case}


def test_lambda_delivers_before_the_handler_returns(stand_in: StandIn, tmp_path: Path) -> None:
    # A frozen process never gets to its exit handlers.
    call = "import os\nhandler({'user_id': 'user-42', 'text': 'Hello'}, None)\nos._exit(0)"
    [event] = run_guide("lambda", 0, call, stand_in, tmp_path)
    assert (event["user_id"], event["use_case_name"]) == ("user-42", "summarize_cases")


def test_langchain_reports_the_provider_behind_it(stand_in: StandIn, tmp_path: Path) -> None:
    pytest.importorskip("langchain_anthropic")
    [event] = run_guide("langchain", 0, FLUSH, stand_in, tmp_path)
    assert (event["category"], event["user_id"]) == ("system.anthropic", "user-42")
    assert event["units"]["text"]["output"] == 6


def test_databricks_is_priced_as_the_workspace(stand_in: StandIn, tmp_path: Path) -> None:
    pytest.importorskip("databricks.sdk")
    # The stand-in's address is mapped to OpenAI for all snippets, and the guide's own mapping is to win.
    [event] = run_guide("databricks", 0, FLUSH, stand_in, tmp_path)
    assert event["resource"] == "databricks-meta-llama-3-3-70b-instruct"
    assert event["category"] == "system.databricks.azure"
