"""Each finding of the doctor, in its own words."""

from __future__ import annotations

import functools
import importlib
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from payi_transport.cli.doctor import Finding, examine, has_errors
from tests.support.origin import CannedResponse, Origin

METHODS = (
    "httpx:Client:_send_single_request",
    "httpx:AsyncClient:_send_single_request",
    "httpx2:Client:_send_single_request",
    "httpx2:AsyncClient:_send_single_request",
    "aiohttp.client:ClientSession:_request",
    "requests.adapters:HTTPAdapter:send",
)
# With it, nothing is asked of Pay-i.
OFFLINE = {"PAYI_TRANSPORT_OFFLINE_INSTRUMENTATION": "calls.json"}


def find(subject: str, **environment: str) -> list[Finding]:
    return [finding for finding in examine({**OFFLINE, **environment}) if finding.subject == subject]


def test_the_versions_of_python_and_of_what_is_needed_are_shown() -> None:
    python = ".".join(map(str, sys.version_info[:3]))
    assert find("python") == [Finding("python", "ok", f"{python} at {sys.executable}")]
    for name in ("payi-transport", "anyio", "msgspec"):
        assert find(name) == [Finding(name, "ok", version(name))]


def test_the_sdks_are_those_that_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payi_transport.cli.doctor._find_version", lambda name: "7")
    assert find("SDKs") == [
        Finding(
            "SDKs",
            "ok",
            "openai 7, anthropic 7, google-genai 7, boto3 7, mistralai 7, cohere 7, groq 7, litellm 7,"
            " databricks-sdk 7, langchain-core 7, openai-agents 7",
        )
    ]


@pytest.mark.parametrize("name", ["httpx", "httpx2", "aiohttp", "requests", "botocore"])
def test_each_http_library_is_hooked_in_its_version(name: str) -> None:
    assert find(name) == [Finding(name, "ok", f"{version(name)}, hooked")]


@pytest.mark.parametrize(
    ("library", "owner", "method"),
    [("httpx2", "Client", "_send_single_request"), ("requests", "adapters.HTTPAdapter", "send")],
)
def test_a_library_that_lacks_what_is_hooked_is_named_with_its_version(
    library: str, owner: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(f"{library}.{owner}.{method}")
    [finding] = find(library)
    assert finding.level == "error"
    assert finding.text.startswith(f"{version(library)} has no {library}.")
    assert finding.text.endswith(f"{method}, so its calls are not recorded")
    # The hooks of the others are there all the same.
    assert [finding.level for finding in find("aiohttp")] == ["ok"]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_that_another_library_has_wrapped_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, owner, method = name.split(":")
    kind = getattr(importlib.import_module(module), owner)
    original = getattr(kind, method)

    @functools.wraps(original)
    def traced(*arguments: Any, **options: Any) -> Any:
        return original(*arguments, **options)

    monkeypatch.setattr(kind, method, traced)
    text = f"{name} is also wrapped by another library; both see each call"
    assert find("others") == [Finding("others", "note", text)]


def test_what_nobody_else_has_wrapped_is_not_reported() -> None:
    assert find("others") == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"])
@pytest.mark.parametrize("spell", [str.upper, str.lower])
def test_each_variable_of_a_proxy_is_noted(name: str, spell: Any) -> None:
    variable = spell(name)
    said = Finding("proxy", "note", f"{variable} is set: http://h:1")
    assert find("proxy", **{variable: "http://u:p@h:1"}) == [said]
    assert find("proxy", **{variable: ""}) == []


def test_a_table_is_shown_by_its_keys_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "payi.toml"
    host = '[host_mappings."gw.test"]\nformat = "cohere"\n'
    file.write_text(f'user_id = "a"\n[delivery]\nmode = "single"\n{host}')
    mapping = '{"gw.test": {"price_as_category": "c"}, "gw": {"price_as_category": "d"}}'
    found = find("config", PAYI_TRANSPORT_CONFIG=str(file), PAYI_TRANSPORT_HOST_MAPPINGS=mapping)
    assert [finding.text for finding in found if finding.level == "ok"] == [
        f"delivery.mode = 'single', from {file}",
        "host_mappings.gw.price_as_category = 'd', from PAYI_TRANSPORT_HOST_MAPPINGS",
        f"host_mappings.gw.test.format = 'cohere', from {file}",
        "host_mappings.gw.test.price_as_category = 'c', from PAYI_TRANSPORT_HOST_MAPPINGS",
        "offline_instrumentation = 'calls.json', from PAYI_TRANSPORT_OFFLINE_INSTRUMENTATION",
        f"user_id = 'a', from {file}",
    ]


def test_without_events_for_pay_i_nothing_is_asked_of_it() -> None:
    assert find("Pay-i") == []


def test_a_key_that_is_not_required_is_a_warning_that_says_so() -> None:
    findings = [f for f in examine({"PAYI_TRANSPORT_REQUIRED": "no"}) if f.subject == "Pay-i"]
    text = "no key is set, so nothing is recorded, as required = false allows"
    assert findings == [Finding("Pay-i", "warning", text)]


def test_a_failure_of_pay_i_is_not_retried(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "k")
    monkeypatch.setenv("PAYI_BASE_URL", origin.url)
    origin.responses = [CannedResponse([b"{}"], status=503)]
    findings = examine({})
    assert [request.path for request in origin.received] == ["/api/v1/categories?limit=1"]
    assert findings[-1] == Finding("Pay-i", "error", f"{origin.url} responds with an error (status 503)")
    assert has_errors(findings)
    assert not has_errors(findings[:-1])


def test_a_spool_that_is_somebody_elses_is_an_error_and_a_missing_one_will_be_made(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    variable = {"PAYI_TRANSPORT_DELIVERY__SPOOL_DIRECTORY": str(spool)}
    assert find("spool", **variable) == [Finding("spool", "ok", f"{spool} will be created")]
    assert not spool.exists()
    assert find("spool") == []
