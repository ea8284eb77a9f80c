"""What routes tell besides a route: reports of hosts, counts of channels, and which hosts are providers."""

from __future__ import annotations

import pytest

from payi_transport.routing.hosts import HostMapping, HostTable, parse_host
from payi_transport.routing.routes import Routes
from payi_transport.values.names import PROXY_CATEGORY

CHAT = "/v1/chat/completions"
EVALS = "/v1/evals/e/runs"
Report = tuple[str, str, str]


class Reported:
    """Routes with some mappings, and what they have reported."""

    def __init__(self, *instruments: str) -> None:
        self.unmapped: list[Report] = []
        self.unread: list[Report] = []
        mappings = {
            "mapped.test": HostMapping("c", None),
            "pay-i.test": HostMapping(PROXY_CATEGORY, None),
            "paths.test": HostMapping(None, None, None, (("/llm", HostMapping("c", None)),), whole=False),
        }
        self.routes = Routes(
            HostTable({parse_host(key): mapping for key, mapping in mappings.items()}),
            frozenset(instruments) or None,
            on_unmapped=lambda *what: self.unmapped.append(what),
            on_unread=lambda *what: self.unread.append(what),
        )


def test_a_report_of_an_unread_request_names_host_reason_and_request_once_for_each_reason() -> None:
    reported = Reported()
    requests = [
        ("POST", "api.openai.com", 8443, "/v1/evals/e/runs"),
        ("POST", "api.openai.com", 8443, "/v1/evals/f/runs"),
        ("WEBSOCKET", "api.openai.com", 8443, "/v1/live"),
        ("POST", "api.anthropic.com", None, "/v1/messages/batches"),
        ("POST", "mapped.test", None, "/v1/messages/batches"),
    ]
    for method, host, port, path in requests * 2:
        assert reported.routes.find(method, "https", host, port, path) is None
    assert reported.unread == [
        ("api.openai.com:8443", "unread", "POST /v1/evals/e/runs"),
        ("api.openai.com:8443", "websocket", "WEBSOCKET /v1/live"),
        ("api.anthropic.com", "batch", "POST /v1/messages/batches"),
        ("mapped.test", "batch", "POST /v1/messages/batches"),
    ]
    assert reported.unmapped == []
    assert reported.routes.unobserved.read()["api.openai.com:8443"] == {"unread": 4, "websocket": 2}


def test_a_report_of_an_unmapped_host_names_host_operation_and_path() -> None:
    reported = Reported()
    reported.routes.find("POST", "https", "llm.test", 8443, f"/a{CHAT}")
    reported.routes.find("POST", "https", "paths.test", None, CHAT)
    assert reported.unmapped == [
        ("llm.test:8443", "openai.chat", f"/a{CHAT}"),
        ("paths.test", "openai.chat", CHAT),
    ]
    assert reported.unread == []


def test_requests_are_counted_where_nobody_wants_reports() -> None:
    routes = Routes(HostTable())
    routes.find("POST", "https", "llm.test", None, CHAT)
    routes.find("POST", "https", "api.openai.com", None, EVALS)
    assert routes.unobserved.read() == {"llm.test": {"unmapped": 1}, "api.openai.com": {"unread": 1}}


def test_counting_from_zero_goes_for_requests_that_were_seen_before() -> None:
    routes = Reported().routes
    requests = [("POST", "https", "llm.test", None, CHAT), ("POST", "https", "api.openai.com", None, EVALS)]
    for request in requests:
        routes.find(*request)
    routes.forget_counts()
    assert routes.unobserved.read() == {}
    for request in requests * 2:
        routes.find(*request)
    assert routes.unobserved.read() == {"llm.test": {"unmapped": 2}, "api.openai.com": {"unread": 2}}


@pytest.mark.parametrize(("number", "is_remembered"), [(4096, True), (4097, False)])
def test_exactly_so_many_routes_are_remembered(number: int, is_remembered: bool) -> None:
    routes = Routes(HostTable())
    first = routes.find("POST", "https", "api.openai.com", None, "/0/chat/completions")
    for path in range(1, number):
        routes.find("POST", "https", "api.openai.com", None, f"/{path}/chat/completions")
    again = routes.find("POST", "https", "api.openai.com", None, "/0/chat/completions")
    assert (again is first) is is_remembered


@pytest.mark.parametrize(
    ("host", "port", "path", "reaches"),
    [
        ("api.openai.com", None, CHAT, True),
        ("api.openai.com", None, "/", True),
        ("mapped.test", None, "/orders", True),
        ("paths.test", None, "/llm/chat", True),
        ("paths.test", None, "//llm//chat", True),
        ("paths.test", None, "/orders", False),
        ("pay-i.test", None, CHAT, False),
        ("shop.test", None, CHAT, False),
        ("mapped.test", 8443, CHAT, True),
    ],
)
def test_a_request_reaches_a_provider_where_its_path_has_a_category(
    host: str, port: int | None, path: str, reaches: bool
) -> None:
    assert Reported().routes.reaches_provider(host, port, path) is reaches


@pytest.mark.parametrize(
    ("host", "path", "may"),
    [
        ("api.x.ai", "/xai_api.Chat/GetCompletion", True),
        ("shop.test", "/xai_api.Chat/GetCompletion", True),
        ("api.x.ai", "/xai_api.Image/GenerateImage", True),
        ("api.x.ai", "/xai_api.Models/ListLanguageModels", False),
        ("shop.test", "/xai_api.Image/GenerateImage", False),
        ("shop.test", "/shop.Orders/List", False),
        ("api.x.ai", CHAT, False),
    ],
)
def test_an_rpc_is_looked_at_if_it_may_be_recorded_or_counted(host: str, path: str, may: bool) -> None:
    assert Reported().routes.may_observe(host, None, path) is may


@pytest.mark.parametrize(
    ("instruments", "host", "port", "name"),
    [
        ((), "api.x.ai", None, "api.x.ai"),
        ((), "api.x.ai", 8443, "api.x.ai:8443"),
        (("xai",), "api.x.ai", None, "api.x.ai"),
        (("system.openai",), "api.x.ai", None, None),
        ((), "mapped.test", None, None),
        ((), "shop.test", None, None),
    ],
)
def test_a_channel_whose_calls_no_hook_sees_counts_at_a_known_host(
    instruments: tuple[str, ...], host: str, port: int | None, name: str | None
) -> None:
    reported = Reported(*instruments)
    for _ in range(2):
        reported.routes.count_channel(host, port)
    assert reported.routes.unobserved.read() == ({name: {"grpc": 2}} if name else {})
    assert reported.unread == ([(name, "channel", "gRPC")] if name else [])


@pytest.mark.parametrize(
    ("method", "path", "is_fetch"), [("POST", "/v1/responses", False), ("GET", "/v1/responses/resp_1", True)]
)
def test_a_route_says_whether_it_fetches_what_another_call_started(
    method: str, path: str, is_fetch: bool
) -> None:
    route = Routes(HostTable()).find(method, "https", "api.openai.com", None, path)
    assert route is not None
    assert route.is_fetch is is_fetch


@pytest.mark.parametrize(("number", "is_remembered"), [(4096, True), (4097, False)])
def test_exactly_so_many_requests_are_known_as_counted(number: int, is_remembered: bool) -> None:
    routes = Routes(HostTable())
    for path in range(number):
        routes.find("POST", "https", "llm.test", None, f"/{path}/chat/completions")
    assert routes.is_counted("POST", "https", "llm.test", None, "/0/chat/completions") is is_remembered
    assert routes.unobserved.read() == {"llm.test": {"unmapped": number}}
