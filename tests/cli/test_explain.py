"""Explanations say what happens to a request and why, and repeat no secret."""

from __future__ import annotations

import pytest

from payi_transport import PayiError
from payi_transport.cli.explain import describe
from tests.cli.explanations import CHAT, OPENAI, explain


@pytest.mark.parametrize(
    ("url", "category", "row"),
    [
        (f"https://api.openai.com{CHAT}", "system.openai", "built-in row api.openai.com"),
        (f"HTTPS://API.OpenAI.com:443{CHAT}", "system.openai", "built-in row api.openai.com"),
        (f"api.openai.com{CHAT}", "system.openai", "built-in row api.openai.com"),
        (f"  eu.api.openai.com{CHAT}", "system.openai", "built-in row *.api.openai.com"),
        (
            "https://me.openai.azure.com/openai/deployments/d/chat/completions?api-version=1",
            "system.azureopenai",
            "built-in row *.openai.azure.com",
        ),
        (
            f"https://me.services.ai.azure.com/openai{CHAT}",
            "system.azureopenai",
            "*.services.ai.azure.com, and the path decides the category",
        ),
        (f"llm.corp.example{CHAT}", "system.openai", "your mapping *.corp.example"),
        (f"http://localhost:8000{CHAT}", "my.category", "your mapping localhost:8000"),
        (f"http://[::1]:8000{CHAT}", "system.openai", "your mapping [::1]"),
    ],
)
def test_an_observed_request_is_explained_with_the_row_that_matched(
    url: str, category: str, row: str
) -> None:
    mappings = {
        "*.corp.example": OPENAI,
        "http://localhost:8000/v1": {"price_as_category": "my.category"},
        "[::1]": OPENAI,
    }
    explanation = explain(url, mappings)
    assert explanation.observed
    assert explanation.category == category
    assert explanation.operation == "openai.chat"
    assert row in explanation.because[0]
    assert explanation.near == ()
    assert explanation.config is None


def test_a_mapping_wins_over_the_built_in_row() -> None:
    explanation = explain(f"https://api.openai.com{CHAT}", {"api.openai.com": {"price_as_category": "mine"}})
    assert explanation.category == "mine"
    assert "your mapping api.openai.com" in explanation.because[0]


ANTHROPIC = {
    "https://api.anthropic.com/v1/messages?beta=true": ("anthropic.messages", "system.anthropic"),
    "https://my.services.ai.azure.com/anthropic/v1/messages": ("anthropic.messages", "system.azure"),
    "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages": (
        "anthropic.messages",
        "system.aws.bedrock",
    ),
    "https://dbc-1.cloud.databricks.com/serving-endpoints/anthropic/v1/messages": (
        "anthropic.messages",
        "system.databricks.aws",
    ),
    **{
        f"https://{host}/v1/projects/p/locations/l/publishers/anthropic/models/claude@1:{verb}": (
            "anthropic.vertex",
            "system.google.vertex",
        )
        for host in (
            "aiplatform.googleapis.com",
            "us-east5-aiplatform.googleapis.com",
            "aiplatform.eu.rep.googleapis.com",
        )
        for verb in ("rawPredict", "streamRawPredict")
    },
}


@pytest.mark.parametrize(("url", "answer"), ANTHROPIC.items())
def test_every_host_of_anthropics_models_is_observed(url: str, answer: tuple[str, str]) -> None:
    explanation = explain(url)
    assert explanation.observed
    assert (explanation.operation, explanation.category) == answer


def test_a_category_that_the_instruments_leave_out_is_explained() -> None:
    explanation = explain(f"https://api.openai.com{CHAT}", instruments=frozenset({"system.anthropic"}))
    assert not explanation.observed
    assert explanation.because[1] == "system.openai is not one of the instruments: system.anthropic"
    assert explanation.near == ("add system.openai to the instruments",)


def test_an_instrument_may_cover_several_categories() -> None:
    url = f"https://me.openai.azure.com{CHAT}"
    assert explain(url, instruments=frozenset({"system.azure"})).observed


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:s3cret@api.openai.com{CHAT}?key=s3cret#s3cret",
        f"user:s3cret@api.openai.com{CHAT}?u=http://s3cret/",
        f"http://s3cret@nowhere.example:8000{CHAT}?s3cret",
        f"https://user:s3cret with a space@api.openai.com{CHAT}",
    ],
)
def test_neither_query_nor_credentials_are_repeated(url: str) -> None:
    explanation = explain(url)
    assert "s3cret" not in describe(explanation)
    assert CHAT in explanation.url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "/v1/chat/completions",
        "https://",
        "ftp://host/x",
        "https://user:s3cret/x@host/",
        "https://host:s3cret/",
        "https://s3cret_%%/",
        "http://[::1",
        "-",
    ],
)
def test_an_invalid_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(PayiError, match="URL: expected http") as refused:
        explain(url)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "as in https://host/path, got ''$"),
        ("ftp://u:s3cret@host/", "as in https://host/path, got 'ftp'$"),
        ("https://u:s3cret@host:99999/v1", "URL: expected a port up to 65535, got 99999$"),
    ],
)
def test_an_invalid_url_is_refused_for_its_mistake(url: str, message: str) -> None:
    with pytest.raises(PayiError, match=message) as refused:
        explain(url)
    assert "s3cret" not in str(refused.value)


def test_a_path_is_shown_as_it_is_on_the_wire() -> None:
    assert explain("https://api.openai.com/v1/a b\x1b/%41").url == "https://api.openai.com/v1/a%20b%1B/%41"


def test_a_description_has_a_line_for_each_part() -> None:
    assert describe(explain(f"http://api.opnai.com{CHAT}")).splitlines() == [
        "POST http://api.opnai.com/v1/chat/completions",
        "",
        "Observed     no",
        "Operation    openai.chat",
        "Because      api.opnai.com is not in the built-in table",
        "Counted      as 'unmapped' in payi_stats().unobserved",
        "Near miss    the known host api.openai.com is spelled almost the same; a typo?",
        "",
        "To observe it, add to the config:",
        '  {"host_mappings": {"api.opnai.com": {"price_as_category": "system.openai"}}}',
    ]


def test_a_description_of_an_observed_request_has_nothing_to_add() -> None:
    text = describe(explain(f"https://api.openai.com{CHAT}"))
    assert "Observed     yes" in text
    assert "Near miss" not in text
    assert "add" not in text


@pytest.mark.parametrize(
    ("url", "operation"),
    [
        ("wss://api.openai.com/v1/realtime?model=m", "openai.realtime"),
        ("wss://api.openai.com/v1/responses", "openai.responses.websocket"),
        ("wss://me.openai.azure.com/openai/v1/realtime", "openai.realtime"),
        ("ws://localhost:8000/v1/responses", "openai.responses.websocket"),
    ],
)
def test_the_address_of_a_websocket_is_explained(url: str, operation: str) -> None:
    explanation = explain(url, {"ws://localhost:8000": OPENAI})
    assert (explanation.observed, explanation.operation) == (True, operation)
    assert explanation.method == "WEBSOCKET"


def test_no_line_of_a_description_is_long() -> None:
    for url in ("http://localhost:8000/api/make", "https://api.openai.com/v1/nothing", "my.azure.com"):
        for line in describe(explain(url)).splitlines():
            assert len(line) <= 100 or "host_mappings" in line


@pytest.mark.parametrize(
    ("url", "calls"),
    [
        ("https://api.voyageai.com/v1/x", ["POST …/v1/embeddings (openai.embeddings)", "POST …/v1/rerank"]),
        ("https://api.groq.com/x", ["POST …/openai/v1/chat/completions (openai.chat)"]),
        ("https://me.openai.azure.com/x", ["POST …/openai/v1/chat/completions (openai.chat)"]),
        ("https://api.anthropic.com/x", ["POST …/v1/messages (anthropic.messages)"]),
        ("https://dbc-1.cloud.databricks.com/x", ["POST …/serving-endpoints/my-endpoint/invocations"]),
    ],
)
def test_a_path_that_is_not_read_is_explained_with_the_calls_of_its_host(url: str, calls: list[str]) -> None:
    explanation = explain(url)
    assert len(explanation.reads) <= 8
    for call, shown in zip(calls, explanation.reads, strict=False):
        assert shown.startswith(call)
    assert "Reads        POST" in describe(explanation)


@pytest.mark.parametrize(
    ("url", "method", "counted"),
    [
        (f"https://llm.corp{CHAT}", "POST", "unmapped"),
        ("https://api.openai.com/v1/evals", "POST", "unread"),
        ("https://api.anthropic.com/v1/messages/batches", "POST", "batch"),
        ("https://api.openai.com/v1/files", "POST", None),
        ("https://api.openai.com/v1/models", "GET", None),
        ("https://shop.test/orders", "POST", None),
    ],
)
def test_an_explanation_says_how_the_request_is_counted(url: str, method: str, counted: str | None) -> None:
    explanation = explain(url, method=method)
    assert explanation.counted == counted
    shown = f"as {counted!r} in" if counted else "no, because it is not known to cost anything"
    assert f"Counted      {shown}" in describe(explanation)


def test_a_pattern_of_hosts_is_shown_by_an_example() -> None:
    explanation = explain("https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse")
    assert explanation.because[0] == (
        "the host matches the built-in row of bedrock-runtime.us-east-1.amazonaws.com"
    )


@pytest.mark.parametrize(
    ("host", "mapping", "says"),
    [
        ("api.openai.com", {}, "asked for their usage"),
        ("api.groq.com", {}, "not asked for their usage"),
        ("api.groq.com", {"include_usage": True}, "asked for their usage"),
    ],
)
def test_an_explanation_says_whether_streams_report_their_usage(
    host: str, mapping: dict[str, bool], says: str
) -> None:
    explanation = explain(f"https://{host}{CHAT}", {host: mapping} if mapping else None)
    assert explanation.streams is not None
    assert explanation.streams.startswith(says)
    assert explain(f"https://{host}/v1/responses").streams is None


PATHS = {
    "https://gw.test/anthropic/": {"price_as_category": "system.anthropic"},
    "gw.test/llm": {"price_as_category": "mine", "format": "openai.chat"},
}


@pytest.mark.parametrize(
    ("url", "category", "operation", "because"),
    [
        ("gw.test/anthropic/v1/messages", "system.anthropic", "anthropic.messages", "gw.test/anthropic"),
        ("gw.test/llm/ask", "mine", "openai.chat", "its mapping has the format openai.chat, so POST"),
    ],
)
def test_a_mapping_of_a_path_and_its_format_are_explained(
    url: str, category: str, operation: str, because: str
) -> None:
    explanation = explain(url, PATHS)
    assert (explanation.observed, explanation.category, explanation.operation) == (True, category, operation)
    assert because in " ".join(explanation.because)


def test_a_host_that_is_mapped_for_other_paths_is_explained() -> None:
    explanation = explain(f"https://gw.test{CHAT}", PATHS)
    assert not explanation.observed
    assert explanation.because == ("gw.test is mapped for other paths only: gw.test/anthropic, gw.test/llm",)
    assert explanation.config == {"host_mappings": {"gw.test": OPENAI}}
    assert explanation.counted == "unmapped"
