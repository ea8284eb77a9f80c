"""Whatever was stored is shown as text, in every field, and the browser would not run it anyway."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import get_args

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Page, expect

from payi_transport.serve.command import open_service
from payi_transport.serve.limits import LimitDocument
from payi_transport.serve.page import formats
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.views import Dimension
from payi_transport.serve.write import EventWriter
from payi_transport.values.event import Event, FunctionCall, Units
from tests.serve.page.program import start

MARKUP = (
    "<img src=x class=stored onerror='window.ran = 1'><script class=stored>window.ran = 1</script>"
    "{{ window.ran = 1 }}${window.ran = 1}`</pre></script><svg class=stored onload=window.ran=1>"
)


def text(field: str) -> str:
    return f"{field} {MARKUP}"


EVENT = Event(
    category=text("provider"),
    resource=text("model"),
    units={text("unit"): Units(7, 3)},
    provider_response_id=text("response id"),
    provider_uri=text("https://address/"),
    provider_request_json=text("prompt"),
    provider_response_json=text("response"),
    provider_response_function_calls=(FunctionCall(text("function"), text("arguments")),),
    properties={
        text("property"): text("property value"),
        "environment": text("environment"),
        "system.failure": text("failure"),
        "system.failure.description": text("error"),
    },
    use_case_properties={text("use case property"): text("use case value")},
    use_case_name=text("use case"),
    use_case_id=text("run"),
    use_case_step=text("step"),
    user_id=text("user"),
    account_name=text("customer"),
    request_tags=(text("tag"),),
    limit_ids=(text("limit"),),
    http_status_code=500,
    end_to_end_latency_ms=5,
)
# Where each field is shown.
SHOWN = {
    "/": ["use case", "customer"],
    "/calls": ["model", "use case", "customer"],
    "/runs": ["run", "use case", "customer"],
    "/budgets": ["limit name"],
    "/health": ["unit"],
    "/calls/1": [
        *("provider", "model", "unit", "response id", "https://address/", "prompt", "response"),
        *("function", "arguments", "property", "property value", "environment", "failure", "error"),
        *("use case property", "use case value", "use case", "run", "step", "user", "customer", "tag"),
        "limit",
    ],
}
NAMES = {"account": "customer", "category": "provider", "use_case": "use case"}
SHOWN |= {f"/breakdown?by={by}": [NAMES.get(by, by)] for by in get_args(Dimension)}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("scripts")
    now = datetime.now(timezone.utc)
    limit = LimitDocument(
        limit_id=text("limit"),
        limit_name=text("limit name"),
        limit_type="allow",
        max=Decimal(1),
        created=now - timedelta(days=1),
        updated=now,
    )

    def put(writer: EventWriter) -> None:
        writer.limits.put(limit)
        writer.finish()

    with open_service(ServeSettings(file=folder / "serve.sqlite")) as service:
        service.store.write(lambda writing: put(EventWriter(writing, 0)))
        # What comes through the API has names without such letters.
        service.ingest_proxied(EVENT).result()
    with start(folder) as address:
        yield address


def count_elements(page: Page) -> int:
    found: int = page.evaluate("document.querySelectorAll('.stored').length + ('ran' in window ? 100 : 0)")
    return found


@pytest.mark.parametrize("view", SHOWN)
def test_a_stored_script_is_text(page: Page, address: str, view: str) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(address + view)
    expect(page.locator("h1")).to_be_visible(timeout=30_000)
    for field in SHOWN[view]:
        # In tables, long names are short.
        shown = page.get_by_text(text(field)).or_(page.get_by_text(formats.name(text(field))))
        expect(shown.first).to_be_attached(timeout=30_000)
    if chart := page.locator(".chart svg").all():
        # A tooltip has the names, too.
        chart[0].hover()
    assert (count_elements(page), problems) == (0, [])


def test_a_script_in_the_address_is_text(page: Page, address: str) -> None:
    page.goto(f"{address}/calls")
    page.goto(f"{address}/calls?" + page.evaluate("name => new URLSearchParams({model: name}) + ''", MARKUP))
    expect(page.get_by_text(f"Model: {MARKUP} ✕")).to_be_visible(timeout=30_000)
    field = page.get_by_role("combobox")
    field.fill(MARKUP + "?")
    field.press("Enter")
    expect(page.get_by_text("No use case contains")).to_be_visible(timeout=30_000)
    assert count_elements(page) == 0


RUN = "window.ran = 1"


@pytest.mark.parametrize(
    "attack",
    [
        f"document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\\'{RUN}\\'>')",
        f"document.body.append(Object.assign(document.createElement('script'), {{text: '{RUN}'}}))",
        f"setTimeout('{RUN}')",
        # Later, because what a test evaluates may use eval itself.
        f"void setTimeout(() => {{ try {{ Function('{RUN}')() }} catch (e) {{ console.error(e.name) }} }})",
        f"location.href = 'javascript:{RUN}'",
    ],
    ids=["handler", "script", "timer", "eval", "link"],
)
def test_the_policy_stops_a_script_that_got_into_the_page(page: Page, address: str, attack: str) -> None:
    page.goto(address)
    expect(page.locator("h1")).to_be_visible(timeout=30_000)
    with page.expect_event("console", lambda message: message.type == "error"):
        page.evaluate(attack)
    assert page.evaluate("'ran' in window") is False
