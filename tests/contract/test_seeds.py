"""The code of Pay-i's own pages runs with its import lines changed and its placeholders filled in."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from openai import AsyncOpenAI, OpenAI
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

import payi_transport
from payi_transport import payi_flush, payi_stats, track_context
from payi_transport.api.instrument import payi_instrument
from tests.contract.compatible import SDKS
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin, Received, serve
from tests.support.wire_cases import CASES

SEEDS = Path(__file__).parent.parent / "seeds"
BLOCK = re.compile(r"^## ([^\n]+)\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DECORATORS = dict(BLOCK.findall((SEEDS / "decorators.md").read_text("utf-8")))
DATABRICKS = dict(BLOCK.findall((SEEDS / "instrumenting-databricks.md").read_text("utf-8")))
IMPORT = re.compile(r"^( *)from payi(\.lib\.\w+)? import ", re.MULTILINE)
DATABRICKS_OPENAI = next(sdk for sdk in SDKS if sdk.name == "databricks-openai")
UNARY = next(case for case in CASES if case.name == "openai/chat_unary")
TEXT = json.loads(UNARY.response)["choices"][0]["message"]["content"]
PAYI_ANSWER = b'{"request_id":"r-1","ingest_count":1,"ingest_timestamp":"2026-01-01T00:00:00Z"}'

# The pages leave their clients open, to be closed as garbage.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
older_names = pytest.mark.filterwarnings("ignore:experience_name is deprecated:DeprecationWarning")


class Program:
    """Blocks that run one after the other in one module, as a user would have put them together."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.folder = folder

    def run(self, block: str, placeholders: Mapping[str, str] | None = None) -> None:
        text = IMPORT.sub(r"\1from payi_transport import ", block)
        for placeholder, value in (placeholders or {}).items():
            text = text.replace(placeholder, value)
        file = self.folder / "program.py"
        file.write_text(text, "utf-8")
        exec(compile(text, str(file), "exec"), self.names)  # noqa: S102 (it is what this is about)

    def __getitem__(self, name: str) -> Any:
        return self.names[name]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    running = Program(tmp_path)
    yield running
    running.names.clear()
    collect_garbage()


@pytest.fixture
def provider() -> Iterator[Origin]:
    with serve() as running:
        running.responses = [CannedResponse([UNARY.response])]
        yield running


@pytest.fixture(autouse=True)
def payi(provider: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    """Pay-i, as the environment says. What is called OpenAI there is the provider, on loopback."""
    with serve() as running:
        running.responses = [CannedResponse([PAYI_ANSWER])]
        monkeypatch.setenv("PAYI_API_KEY", "payi-key")
        monkeypatch.setenv("PAYI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.url}/v1")
        yield running


@pytest.fixture
def known(provider: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is priced as OpenAI, which is known by itself where it has its own address."""
    config: Any = {"host_mappings": {provider.netloc: {"price_as_category": "system.openai"}}}
    instrument = functools.partial(payi_instrument, config=config)
    monkeypatch.setattr(payi_transport, "payi_instrument", instrument)


def reported(payi: Origin) -> list[dict[str, Any]]:
    """The events that came to Pay-i in batches."""
    assert payi_flush(10)
    assert payi_stats().faults == 0
    batches = [received for received in payi.received if received.path == "/api/v1/ingest/bulk"]
    return [event for received in batches for event in json.loads(received.body)]


def own_headers(received: Received) -> set[str]:
    return {name for name in received.headers if name.startswith("xproxy-")}


@older_names
def test_ingest(program: Program, known: None, provider: Origin, payi: Origin) -> None:
    for name in ("initialize", "import ingest", "client for ingest", "ingest"):
        program.run(DECORATORS[name])
    text = program["summarize_document"](program["client"], "Zoë", ["budget_1", "team_limit"], "user 1")
    assert text == TEXT
    [event] = reported(payi)
    assert (event["use_case_name"], event["request_tags"]) == ("document_summary", ["summarization"])
    assert (event["limit_ids"], event["user_id"]) == (["budget_1", "team_limit"], "user 1")
    assert event["units"] == UNARY.event["units"]
    assert own_headers(provider.received[0]) == set()


@older_names
def test_proxy(program: Program, known: None, provider: Origin, payi: Origin) -> None:
    payi.responses = [CannedResponse([UNARY.response])]
    for name in ("initialize", "import proxy", "client for proxy", "proxy"):
        program.run(DECORATORS[name])
    text = program["answer_customer_question"](program["client"], "Why?", "user 1")
    assert text == TEXT
    [asked] = payi.received
    assert asked.path == "/api/v1/proxy/openai/v1/chat/completions"
    assert asked.headers["xproxy-api-key"] == "payi-key"
    assert asked.headers["xproxy-user-id"] == "user 1"
    assert asked.headers["xproxy-limit-ids"] == "personal_limit,department_budget,project_x"
    assert asked.headers["xproxy-usecase-name"] == "customer_support"
    assert asked.headers["xproxy-request-tags"] == "chat"
    assert reported(payi) == []
    assert provider.received == []


def test_inheritance(program: Program, known: None, payi: Origin) -> None:
    for name in ("initialize", "import ingest", "inheritance"):
        program.run(DECORATORS[name])
    program["outer_function"]()
    assert reported(payi) == []


def test_nested_decorators(program: Program, known: None, payi: Origin) -> None:
    for name in ("initialize", "client for ingest", "nested decorators"):
        program.run(DECORATORS[name])
    assert program["process_document"]("A document.") == TEXT
    assert [(event["use_case_name"], event["request_tags"]) for event in reported(payi)] == [
        ("document_processing", ["app", "parsing"]),
        ("document_summary", ["app", "summarization"]),
    ]


def test_user_id_precedence(program: Program, known: None, payi: Origin) -> None:
    for name in ("initialize", "client for ingest", "user id precedence"):
        program.run(DECORATORS[name])
    program["process_user_request"]("user 1", "Why?")
    [event] = reported(payi)
    assert (event["user_id"], event["limit_ids"]) == ("user 1", ["limit_a", "limit_b"])
    assert event["request_tags"] == ["app", "query"]


def test_advanced_configuration(program: Program, known: None, payi: Origin) -> None:
    program.run(DECORATORS["advanced configuration"])
    program.run(DECORATORS["client for ingest"])
    with TracerProvider().get_tracer("tests").start_as_current_span("work") as span:
        program["client"].chat.completions.create(model="gpt-4.1", messages=[])
    assert isinstance(span, ReadableSpan)
    assert span.attributes is not None
    assert span.attributes["payi.request_id"] == "r-1"
    assert json.loads(str(span.attributes["payi.provider_request_json"]))["model"] == "gpt-4.1"
    assert span.attributes["payi.provider_response_json"] == UNARY.response.decode()
    [received] = payi.received
    assert received.path.startswith("/api/v1/ingest?")
    assert json.loads(received.body).keys().isdisjoint({"provider_request_json", "provider_response_json"})


def test_synchronous_and_asynchronous_clients(program: Program, known: None, payi: Origin) -> None:
    program.run(DECORATORS["synchronous and asynchronous clients"])
    program.run(DECORATORS["client for ingest"])
    with track_context(user_id="sync"):
        program["client"].chat.completions.create(model="gpt-4.1", messages=[])

    async def main() -> None:
        async with AsyncOpenAI() as client, track_context(user_id="async"):
            await client.chat.completions.create(model="gpt-4.1", messages=[])

    asyncio.run(main())
    assert sorted(event["user_id"] for event in reported(payi)) == ["async", "sync"]


@pytest.fixture
def workspace(provider: Origin, program: Program, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a Databricks workspace, with its slash, in an .env file beside the program."""
    host = f"{provider.url}/"
    # The file is looked for beside the program, or here where the interpreter runs no program of its own.
    monkeypatch.chdir(program.folder)
    for name, value in (("DATABRICKS_HOST", host), ("DATABRICKS_TOKEN", "secret")):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
        with (program.folder / ".env").open("a") as file:
            file.write(f"{name}={value}\n")
    return host


def ask(client: Any) -> None:
    client.chat.completions.create(model="databricks-llama", messages=[])


def check_databricks(payi: Origin, category: str) -> None:
    """One call was reported, with that category."""
    [event] = reported(payi)
    assert (event["category"], event["units"]) == (category, UNARY.event["units"])


def test_host_mappings(program: Program, workspace: str, payi: Origin) -> None:
    program.run(
        DATABRICKS["host mappings"],
        {"<databricks cloud host category>": "PayiCategories.databricks_azure"},
    )
    ask(OpenAI(base_url=f"{workspace}serving-endpoints"))
    check_databricks(payi, "system.databricks.azure")


def test_standard_openai_client(
    program: Program,
    workspace: str,
    provider: Origin,
    payi: Origin,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program.run(DATABRICKS["standard openai client"], {"<MODEL_NAME>": "databricks-llama"})
    assert capsys.readouterr().out.strip() == TEXT
    asked = provider.received[-1]
    assert asked.path == "/serving-endpoints/chat/completions"
    assert asked.headers["authorization"] == "Bearer secret"
    check_databricks(payi, "system.databricks")


@pytest.mark.skipif(not DATABRICKS_OPENAI.installed, reason="databricks-openai needs openai 2")
def test_databricks_openai_client(
    program: Program, workspace: str, payi: Origin, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = {"<MODEL_NAME>": "databricks-llama", "<YOUR_WORKSPACE_HOST>": workspace}
    program.run(DATABRICKS["databricks openai client"], filled)
    assert capsys.readouterr().out.strip() == TEXT
    check_databricks(payi, "system.databricks")


# The page warns of the second half of these two; here both halves are observed.
HALVES = [
    (name, half) for name in ("matching keys", "order") for half in DATABRICKS[name].split("# Incorrect")
]


@pytest.mark.parametrize(
    ("name", "half"), HALVES, ids=[f"{name}-{i % 2}" for i, (name, _) in enumerate(HALVES)]
)
def test_any_spelling_of_a_host_and_any_order_will_do(
    name: str, half: str, program: Program, workspace: str, payi: Origin
) -> None:
    program.names.update(
        payi_instrument=payi_instrument,
        OpenAI=OpenAI,
        WorkspaceClient=functools.partial(WorkspaceClient, token="secret"),
        token="secret",
    )
    mapping = {"databricks": {"host_mappings": {workspace: {"price_as_category": "system.databricks"}}}}
    filled = {
        "<YOUR_WORKSPACE_HOST>": workspace,
        "{...}": repr(mapping),
        "OpenAI(...)": f"OpenAI(base_url='{workspace}serving-endpoints')",
    }
    # What is left of the comment that the halves are divided by.
    program.run("#" + half, filled)
    ask(program["client"])
    check_databricks(payi, "system.databricks")
