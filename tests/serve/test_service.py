"""What the service says of events that it takes, one by one and in bulk, and of calls that it admits."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.serve.documents import find_document, put_document
from payi_transport.serve.faults import Refusal
from payi_transport.serve.items import to_event
from payi_transport.serve.limits import LimitDocument, Spent
from payi_transport.serve.service import Admission, Service
from payi_transport.serve.store import Writing
from payi_transport.serve.use_cases import Definition, LimitConfig
from payi_transport.values.names import RESPONSE_ID_PROPERTY
from tests.serve.events import NOON, item, make_items, span

NOW = NOON + timedelta(minutes=3)


@pytest.fixture
def at_noon(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(service, "now", lambda: NOW)
    return service


def put(service: Service, *documents: Any) -> None:
    def store(writing: Writing) -> None:
        for document in documents:
            name = document.limit_id if isinstance(document, LimitDocument) else document.name
            put_document(writing.connection, document, name)

    service.store.write(store)


def make_limit(limit_id: str = "L", limit_type: str = "allow", spent: str = "0") -> LimitDocument:
    return LimitDocument(
        limit_id=limit_id,
        limit_name="n",
        limit_type=limit_type,
        max=Decimal(1),
        created=NOON,
        updated=NOON,
        spent=Spent(total=Decimal(spent)),
    )


def test_a_single_event_is_told_its_times_its_id_and_its_result(at_noon: Service) -> None:
    [timed] = make_items(item(NOON))
    response = at_noon.ingest(timed).result()
    assert response.pop("xproxy_result")["cost"]["total"] == {"base": Decimal("0.006")}
    assert response == {"event_timestamp": NOON, "ingest_timestamp": NOW, "request_id": "local-1"}
    [untimed] = make_items(item(event_timestamp=None))
    assert at_noon.ingest(untimed).result()["event_timestamp"] == NOW
    assert [call.at for call in at_noon.queries.calls(span()).calls] == [NOW, NOON]


def test_an_event_without_an_id_gets_one(at_noon: Service) -> None:
    for _ in range(2):
        [made] = make_items(item(provider_response_id=None))
        assert "duplicate_request" not in at_noon.ingest(made).result()["xproxy_result"]
    ids = [call.response_id for number in (1, 2) if (call := at_noon.queries.call(number))]
    assert len(set(ids)) == 2
    assert all(id_.startswith("local-") for id_ in ids)


def test_a_bulk_counts_what_it_took(at_noon: Service) -> None:
    taken = at_noon.ingest_bulk(make_items(item(), item()), updates=False).result()
    assert taken.pop("request_id")
    assert taken == {"ingest_count": 2, "total_count": 2, "error_count": 0, "ingest_timestamp": NOW}


def test_a_bulk_names_each_item_that_it_refused(at_noon: Service) -> None:
    refused = at_noon.ingest_bulk(make_items(item(), item(category=""), item()), updates=False).result()
    del refused["request_id"]
    assert refused == {
        "ingest_count": 2,
        "total_count": 3,
        "error_count": 1,
        "item_error_count": 1,
        "ingest_timestamp": NOW,
        "errors": [
            {
                "item_index": 1,
                "xproxy_result": Refusal("required_field_missing", "category is empty").to_body(),
            }
        ],
    }


def test_an_event_may_be_five_minutes_ahead_of_the_service(at_noon: Service) -> None:
    [made] = make_items(item(NOW + timedelta(minutes=5)))
    at_noon.ingest(made).result()
    [late] = make_items(item(NOW + timedelta(minutes=5, seconds=1)))
    with pytest.raises(Refusal, match="is ahead"):
        at_noon.ingest(late).result()


@pytest.mark.parametrize("proxied", [False, True])
def test_a_blocking_limit_is_for_calls_through_the_proxy(proxied: bool, at_noon: Service) -> None:
    put(at_noon, make_limit(limit_type="block"))
    [made] = make_items(item(limit_ids=["L"]))
    if proxied:
        assert at_noon.ingest(made, proxied=True).result()["xproxy_result"]["limits"]
        return
    with pytest.raises(Refusal) as raised:
        at_noon.ingest(made).result()
    assert raised.value.code == "blocking_limit_not_allowed"


def proxied_ids(service: Service, *, is_fetch: bool = False, times: int = 2) -> list[dict[str, Any]]:
    [made] = make_items(item(provider_response_id="same"))
    return [service.ingest_proxied(to_event(made, "same"), is_fetch=is_fetch).result() for _ in range(times)]


def test_each_call_through_the_proxy_counts_whatever_its_id(at_noon: Service) -> None:
    results = proxied_ids(at_noon)
    assert [result["request_id"] for result in results] == ["local-1", "local-2"]
    assert "duplicate_request" not in results[1]
    found = [at_noon.queries.call(number) for number in (1, 2)]
    assert [call and call.detail.properties.get(RESPONSE_ID_PROPERTY) for call in found] == [None, "same"]


def test_what_is_fetched_again_counts_once(at_noon: Service) -> None:
    results = proxied_ids(at_noon, is_fetch=True)
    assert [result["request_id"] for result in results] == ["local-1", "local-1"]
    assert results[1]["duplicate_request"] is True


def test_a_call_is_admitted_with_each_of_its_limits_once(at_noon: Service) -> None:
    put(at_noon, make_limit("a"), make_limit("b", "block"), make_limit("c", "block", spent="2"))
    [made] = make_items(item(limit_ids=["a", "b", "a"]))
    assert at_noon.admit(made).result() == Admission(("a", "b"), ())
    [blocked] = make_items(item(limit_ids=["c", "a"]))
    assert at_noon.admit(blocked).result() == Admission(("c", "a"), ("c",))
    limit = find_document(at_noon.store.reader, LimitDocument, "c")
    assert limit is not None and limit.spent.calls == {"blocked": 1}
    [none] = make_items(item())
    assert at_noon.admit(none).result() == Admission((), ())


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"limit_ids": ["a", "x", "y"]}, "invalid_limit_ids", "no limit has the id 'x'"),
        ({"user_id": "a b"}, "invalid_user_id", "user_id 'a b' is refused"),
    ],
    ids=str,
)
def test_a_call_that_breaks_a_rule_is_not_admitted(
    fields: dict[str, Any], code: str, message: str, at_noon: Service
) -> None:
    put(at_noon, make_limit("a"))
    [made] = make_items(item(**fields))
    with pytest.raises(Refusal) as raised:
        at_noon.admit(made).result()
    assert raised.value.code == code
    assert raised.value.message.startswith(message)


def test_an_instance_that_is_new_gets_its_limit_when_its_call_is_admitted(at_noon: Service) -> None:
    config = LimitConfig(max=Decimal(5), limit_type="block", threshold=Decimal("0.5"))
    put(at_noon, Definition(name="chat", description="d", limit_config=config))
    call = item(use_case_name="chat", use_case_id="one")
    [first], [second] = make_items(call), make_items(call)
    [limit_id] = at_noon.admit(first).result().limit_ids
    assert at_noon.admit(second).result().limit_ids == (limit_id,)
    limit = find_document(at_noon.store.reader, LimitDocument, limit_id)
    assert limit is not None
    assert (limit.limit_name, limit.limit_type, limit.max) == ("chat-one", "block", Decimal(5))
    assert (limit.threshold, limit.created, limit.updated) == (Decimal("0.5"), NOW, NOW)


def test_without_another_clock_it_is_now(service: Service) -> None:
    before = datetime.now(timezone.utc)
    assert before <= service.now() <= datetime.now(timezone.utc)
