"""Hosts: any spelling of a key is the same host, the most specific row wins, lookalikes are not observed."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.routing.hosts import HostMapping, HostPattern, HostTable, find_known, parse_host

HOST = "my-workspace.example.com"

SPELLINGS: list[Any] = [
    "my-workspace.example.com",
    "MY-Workspace.Example.COM",
    "  my-workspace.example.com\n",
    "my-workspace.example.com/",
    "my-workspace.example.com.",
    "my-workspace.example.com/redirect?to=https://other.example",
    "my-workspace.example.com/serving-endpoints?o=1#x",
    "//my-workspace.example.com/",
    "https://my-workspace.example.com",
    "https://my-workspace.example.com/",
    "HTTPS://MY-WORKSPACE.EXAMPLE.COM/Path",
    "http://my-workspace.example.com/a/b/?c=d",
    "https://user:secret@my-workspace.example.com/",
    "https://my-workspace.example.com:443/",
    "http://my-workspace.example.com:80",
    "my-workspace.example.com:443",
    "my-workspace.example.com:80",
    "https://my-workspace.example.com:",
    httpx.URL("https://my-workspace.example.com/serving-endpoints/"),
    httpx.URL("HTTPS://My-Workspace.example.com:443"),
    httpx2.URL("https://my-workspace.example.com/serving-endpoints/"),
    httpx2.URL("http://my-workspace.example.com:80"),
]


@pytest.mark.parametrize("key", SPELLINGS, ids=repr)
def test_every_spelling_of_a_key_is_the_same_host(key: object) -> None:
    assert parse_host(key) == HostPattern(HOST, None)


@pytest.mark.parametrize(
    "key",
    [
        "my-workspace.example.com:8443",
        "https://my-workspace.example.com:8443/v1/",
        "MY-WORKSPACE.example.com:8443/v1",
        httpx.URL("https://my-workspace.example.com:8443"),
        httpx2.URL("http://my-workspace.example.com:8443/"),
    ],
    ids=repr,
)
def test_a_port_that_was_given_is_kept(key: object) -> None:
    assert parse_host(key) == HostPattern(HOST, 8443)


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        ("https://h.test:80", HostPattern("h.test", 80)),
        ("http://h.test:443", HostPattern("h.test", 443)),
        ("*.example.com", HostPattern("*.example.com", None)),
        ("*.Example.COM:8443/", HostPattern("*.example.com", 8443)),
        ("https://*.example.com/", HostPattern("*.example.com", None)),
        ("localhost", HostPattern("localhost", None)),
        ("localhost:11434", HostPattern("localhost", 11434)),
        ("127.0.0.1:8000", HostPattern("127.0.0.1", 8000)),
        ("http://[::1]:8000/v1", HostPattern("::1", 8000)),
        ("[2001:DB8::1]", HostPattern("2001:db8::1", None)),
        ("under_score.internal", HostPattern("under_score.internal", None)),
        ("bücher.example", HostPattern("xn--bcher-kva.example", None)),
        ("https://BÜCHER.example/", HostPattern("xn--bcher-kva.example", None)),
        ("*.bücher.example", HostPattern("*.xn--bcher-kva.example", None)),
        (httpx.URL("https://bücher.example"), HostPattern("xn--bcher-kva.example", None)),
        (httpx2.URL("https://bücher.example"), HostPattern("xn--bcher-kva.example", None)),
    ],
    ids=repr,
)
def test_ports_wildcards_addresses_and_other_alphabets(key: object, pattern: HostPattern) -> None:
    assert parse_host(key) == pattern


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        "/",
        "*",
        "*.",
        "*.*.example.com",
        "a.*.example.com",
        "*example.com",
        "https://",
        "https:///path",
        "a b",
        "exa\nmple.com",
        "exa\tmple.com",
        "-a.example.com",
        "a-.example.com",
        "a..example.com",
        ".example.com",
        "example.com..",
        "exa$mple.com",
        "a%6D.example.com",
        "[::1",
        "[::zz]",
        "a:b:c",
        "example.com:port",
        "example.com:99999",
        "example.com:-1",
        "ftp://example.com",
        "example.com://x",
        "a℀b.example.com",
        "\u00ad.example.com",
        "a" * 64 + ".example.com",
        "a." * 130 + "com",
        None,
        3,
        b"example.com",
        ("example.com",),
    ],
    ids=repr,
)
def test_what_cannot_be_a_host_is_an_error_with_the_key(key: object) -> None:
    with pytest.raises(ValueError, match="is no host") as error:
        parse_host(key)
    assert repr(key) in str(error.value)


@given(st.text() | st.text(alphabet="ab.*:/[]@%-1é", max_size=20))
def test_any_text_is_a_host_or_an_error(text: str) -> None:
    try:
        pattern = parse_host(text)
    except ValueError:
        return
    assert pattern.host.isascii()
    assert parse_host(str(pattern) if ":" not in pattern.host else f"[{pattern.host}]").host == pattern.host


def test_a_pattern_reads_as_its_key() -> None:
    assert str(HostPattern("*.example.com", None)) == "*.example.com"
    assert str(HostPattern("h.test", 8000)) == "h.test:8000"


KNOWN = {
    "api.openai.com": "system.openai",
    "eu.api.openai.com": "system.openai",
    "us.api.openai.com": "system.openai",
    "my-resource.openai.azure.com": "system.azureopenai",
    "my-resource.cognitiveservices.azure.com": "system.azureopenai",
    "my-resource.services.ai.azure.com": "system.azure",
    "model.eastus2.models.ai.azure.com": "system.azure",
    "api.anthropic.com": "system.anthropic",
    "bedrock-runtime.us-east-1.amazonaws.com": "system.aws.bedrock",
    "bedrock-runtime.us-gov-west-1.amazonaws.com": "system.aws.bedrock",
    "bedrock-runtime-fips.us-east-1.amazonaws.com": "system.aws.bedrock",
    "bedrock-runtime.cn-north-1.amazonaws.com.cn": "system.aws.bedrock",
    "vpce-0a1b-c2d3.bedrock-runtime.eu-central-1.vpce.amazonaws.com": "system.aws.bedrock",
    "vpce-0a1b-c2d3-eu-central-1a.bedrock-runtime.eu-central-1.vpce.amazonaws.com": "system.aws.bedrock",
    "bedrock-runtime.us-east-1.api.aws": "system.aws.bedrock",
    "bedrock-runtime-fips.us-east-1.api.aws": "system.aws.bedrock",
    "bedrock-runtime.eusc-de-east-1.amazonaws.eu": "system.aws.bedrock",
    "bedrock-runtime.cn-north-1.api.amazonwebservices.com.cn": "system.aws.bedrock",
    "bedrock-mantle.us-east-1.api.aws": "system.aws.bedrock",
    "generativelanguage.googleapis.com": "system.google.vertex",
    "aiplatform.googleapis.com": "system.google.vertex",
    "us-central1-aiplatform.googleapis.com": "system.google.vertex",
    "europe-west4-aiplatform.googleapis.com": "system.google.vertex",
    "aiplatform.us.rep.googleapis.com": "system.google.vertex",
    "aiplatform.eu.rep.googleapis.com": "system.google.vertex",
    "aiplatform.mtls.googleapis.com": "system.google.vertex",
    "us-central1-aiplatform.mtls.googleapis.com": "system.google.vertex",
    "generativelanguage.mtls.googleapis.com": "system.google.vertex",
    "adb-123.4.azuredatabricks.net": "system.databricks.azure",
    "dbc-a1b2.cloud.databricks.com": "system.databricks.aws",
    "123.4.gcp.databricks.com": "system.databricks.google",
}
LOOKALIKES = [
    "api.openai.com.evil.org",
    "xapi.openai.com",
    "api-openai.com",
    "openai.com",
    "platform.openai.com",
    "api.openai.co",
    "openai.azure.com",
    "my-resource.openai.azure.com.evil.org",
    "xopenai.azure.com",
    "services.ai.azure.com",
    "xapi.anthropic.com",
    "api.anthropic.com.evil.org",
    "console.anthropic.com",
    "bedrock.us-east-1.amazonaws.com",
    "bedrock-runtime.us-east-1.amazonaws.com.evil.org",
    "bedrock-runtime.us-east-1.evil.org",
    "bedrock-runtime.us-east-1.api.amazonaws.com",
    "bedrock-runtime.us-east-1.aws",
    "xbedrock-runtime.us-east-1.amazonaws.com",
    "bedrock-runtime.amazonaws.com",
    "bedrock-runtime-us-east-1.amazonaws.com",
    "bedrock-runtime.us-east-1.xamazonaws.com",
    "bedrock-mantle.us-east-1.api.aws.evil.org",
    "bedrock-mantle.api.aws",
    "x.bedrock-mantle.us-east-1.api.aws",
    "xaiplatform.googleapis.com",
    "us.central1-aiplatform.googleapis.com",
    "aiplatform.rep.googleapis.com",
    "aiplatform.us.central1.rep.googleapis.com",
    "us-central1-aiplatform.googleapis.com.evil.org",
    "aiplatform.us.xrep.googleapis.com",
    "xaiplatform.mtls.googleapis.com",
    "aiplatform.us.rep.googleapis.com.evil.org",
    "storage.googleapis.com",
    "azuredatabricks.net",
    "xazuredatabricks.net",
    "cloud.databricks.com.evil.org",
    "databricks.com",
    "localhost",
    "127.0.0.1",
    "",
]


@pytest.mark.parametrize(("host", "category"), KNOWN.items())
def test_a_known_host_has_its_category(host: str, category: str) -> None:
    for spelled in (host, host.upper(), f"{host}."):
        for port in (None, 8443):
            match = HostTable().find(spelled, port)
            assert match is not None
            assert (match.category, match.mapped, match.include_usage) == (category, False, None)


@pytest.mark.parametrize("host", LOOKALIKES)
def test_a_host_that_only_looks_like_a_known_one_is_not_observed(host: str) -> None:
    assert HostTable().find(host, None) is None
    assert find_known(host) is None


@pytest.mark.parametrize(("host", "category"), KNOWN.items())
def test_only_openais_own_hosts_are_known_to_accept_include_usage(host: str, category: str) -> None:
    match = find_known(host)
    assert match is not None
    assert match.accepts_usage is (category == "system.openai")


@pytest.mark.parametrize(("host", "category"), KNOWN.items())
def test_only_azures_hosts_of_several_providers_leave_the_category_to_the_path(
    host: str, category: str
) -> None:
    match = find_known(host)
    assert match is not None
    assert match.by_path is (category == "system.azure")


def find(mappings: dict[str, HostMapping], host: str, port: int | None = None) -> tuple[str, bool] | None:
    match = HostTable({parse_host(key): value for key, value in mappings.items()}).find(host, port)
    return match and (match.pattern, match.mapped)


def to(category: str | None, include_usage: bool | None = None) -> HostMapping:
    return HostMapping(category, include_usage)


def test_the_most_specific_mapping_wins() -> None:
    keys = ["*.com", "*.example.com", "*.a.example.com", "x.a.example.com", "x.a.example.com:8443"]
    for count in range(len(keys), 0, -1):
        mappings = {key: to("c") for key in keys[:count]}
        assert find(mappings, "x.a.example.com", 8443) == (keys[count - 1], True)


@pytest.mark.parametrize(
    ("host", "port", "row"),
    [
        ("x.example.com", 8443, "*.example.com:8443"),
        ("x.example.com", 9000, "*.example.com"),
        ("x.example.com", None, "*.example.com"),
        ("y.x.example.com", 8443, "*.example.com:8443"),
        ("x.other.com", 8443, None),
        ("example.com", None, None),
        ("xexample.com", None, None),
    ],
)
def test_a_wildcard_is_for_every_host_below_it_and_no_other(
    host: str, port: int | None, row: str | None
) -> None:
    mappings = {"*.example.com": to("c"), "*.example.com:8443": to("c")}
    assert find(mappings, host, port) == (row and (row, True))


def test_a_mapping_with_a_port_is_for_that_port_alone() -> None:
    assert find({"h.test:8443": to("c")}, "h.test", 8443) == ("h.test:8443", True)
    assert find({"h.test:8443": to("c")}, "h.test") is None
    assert find({"h.test": to("c")}, "h.test", 8443) == ("h.test", True)


@pytest.mark.parametrize("key", ["h.test:443", "https://h.test:443", "h.test:80"])
def test_a_mapping_with_the_schemes_own_port_matches_requests_that_name_none(key: str) -> None:
    assert find({key: to("c")}, "h.test") == ("h.test", True)


@pytest.mark.parametrize("key", ["api.openai.com", "*.openai.com", "https://API.openai.com/v1/"])
def test_a_mapping_beats_the_built_in_table(key: str) -> None:
    match = HostTable({parse_host(key): to("my.category")}).find("api.openai.com", None)
    assert match is not None
    assert (match.category, match.mapped, match.accepts_usage) == ("my.category", True, True)


def test_a_mapping_without_a_category_keeps_the_known_one() -> None:
    table = HostTable({parse_host("*.openai.azure.com"): to(None, True)})
    match = table.find("mine.openai.azure.com", None)
    assert match is not None
    assert (match.category, match.include_usage, match.mapped) == ("system.azureopenai", True, True)
    assert HostTable({parse_host("h.test"): to(None, True)}).find("h.test", None) is None


@pytest.mark.parametrize(("mapping", "by_path"), [(to(None, True), True), (to("system.azure"), False)])
def test_only_a_mapping_with_a_category_settles_it_for_all_paths(mapping: HostMapping, by_path: bool) -> None:
    match = HostTable({parse_host("*.services.ai.azure.com"): mapping}).find("a.services.ai.azure.com", None)
    assert match is not None
    assert match.by_path is by_path


@pytest.mark.parametrize(
    ("pattern", "category"),
    [
        ("*.openai.azure.com", "system.azureopenai"),
        ("*.api.openai.com", "system.openai"),
        ("*.eu.api.openai.com", "system.openai"),
        ("*.azuredatabricks.net", "system.databricks.azure"),
        ("*.example.com", None),
        ("*.com", None),
    ],
)
def test_a_wildcard_is_known_when_all_below_it_are(pattern: str, category: str | None) -> None:
    match = find_known(pattern)
    assert (match and match.category) == category


def test_hosts_are_found_again_and_what_is_remembered_stays_bounded() -> None:
    table = HostTable({parse_host("*.example.com"): to("c")})
    for number in range(20_000):
        match = table.find(f"h{number}.example.com", number)
        assert match is not None
    assert 0 < len(table._found) <= 4096
    assert table.find("h1.example.com", 1) is table.find("h1.example.com", 1)
    assert table.find("h1.example.org", 1) is None
    assert table.find("h1.example.org", 1) is None
