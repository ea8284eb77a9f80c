"""The table of hosts: the most specific row wins, and lookalikes are not observed."""

from __future__ import annotations

import pytest

from payi_transport.routing.hosts import HostMapping, HostTable, find_known, parse_host

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
    "bedrock-agent.us-east-1.amazonaws.com",
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
    assert bool(match.categories_by_path) is (category == "system.azure")


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
def test_a_wildcard_matches_hosts_below_it_only(host: str, port: int | None, row: str | None) -> None:
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
    assert bool(match.categories_by_path) is by_path


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
def test_a_wildcard_is_known_if_all_hosts_below_it_are(pattern: str, category: str | None) -> None:
    match = find_known(pattern)
    assert (match and match.category) == category


def test_hosts_are_remembered_and_their_number_is_limited() -> None:
    table = HostTable({parse_host("*.example.com"): to("c")})
    for number in range(20_000):
        match = table.find(f"h{number}.example.com", number)
        assert match is not None
    assert 0 < len(table.found) <= 4096
    assert table.find("h1.example.com", 1) is table.find("h1.example.com", 1)
    assert table.find("h1.example.org", 1) is None
    assert table.find("h1.example.org", 1) is None


@pytest.mark.parametrize(("number", "is_remembered"), [(4096, True), (4097, False)])
def test_exactly_so_many_hosts_are_remembered(number: int, is_remembered: bool) -> None:
    table = HostTable({parse_host("*.test"): to("c")})
    first = table.find("h0.test", None)
    for host in range(1, number):
        table.find(f"h{host}.test", None)
    assert (table.find("h0.test", None) is first) is is_remembered


@pytest.mark.parametrize(
    "host", ["mine.services.ai.azure.com", "bedrock-runtime.us-east-1.amazonaws.com", "a.azuredatabricks.net"]
)
def test_a_mapping_takes_nothing_else_from_a_known_host(host: str) -> None:
    known = find_known(host)
    mapped = HostTable({parse_host(host): HostMapping("c", False, "openai.chat")}).find(host, None)
    assert known is not None and mapped is not None and mapped.known
    assert mapped == known._replace(
        category="c",
        pattern=host,
        mapped=True,
        include_usage=False,
        categories_by_path=(),
        format="openai.chat",
    )


@pytest.mark.parametrize(("path", "category"), [("/llm/x", "p"), ("/", "")])
def test_a_host_of_which_paths_alone_are_mapped_is_no_provider_otherwise(path: str, category: str) -> None:
    row = HostMapping(None, None, None, (("/llm", HostMapping("p", True)), ("/none", to(None))), whole=False)
    match = HostTable({parse_host("h.test:8443"): row}).find("h.test", 8443)
    assert match is not None
    below = match.below(path)
    assert (below.category, below.mapped, below.known, below.accepts_usage) == (
        category,
        bool(category),
        False,
        False,
    )
    assert below.pattern == ("h.test:8443/llm" if category else "")
    assert match.below("/none").category == ""
