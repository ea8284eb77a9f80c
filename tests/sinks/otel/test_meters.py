"""Metrics have few values, and the account of the library is observed once."""

from __future__ import annotations

from typing import Any

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_uninstrument, track_context
from payi_transport.config.otel_settings import OtelSettings
from payi_transport.sinks.otel.meters import CallMetrics
from tests.sinks.otel.application import Application
from tests.support.calls import call


def users(application: Application) -> set[Any]:
    points = application.metrics()["gen_ai.client.token.usage"]
    return {point.attributes.get("payi.user.id") for point in points}


def make_calls(**otel: Any) -> None:
    config: Any = {"otel": otel}
    payi_instrument(sink=[MemorySink(), "otel"], config=config)
    for user in ("a", "b", "c", "a"):
        with track_context(user_id=user):
            call()
    assert payi_flush()


def test_users_are_no_attribute_by_default(application: Application) -> None:
    make_calls()
    assert users(application) == {None}
    points = application.metrics()["gen_ai.client.token.usage"]
    assert list(points[0].explicit_bounds) == [4**power for power in range(14)]


def test_users_that_are_too_many_are_other(application: Application) -> None:
    make_calls(metric_attributes=["user_id"], metric_values=2)
    assert users(application) == {"a", "b", "other"}


def test_the_account_is_that_of_the_pipeline_in_force(application: Application) -> None:
    make_calls()
    payi_uninstrument()
    make_calls()
    metrics = application.metrics()
    assert [point.value for point in metrics["payi.events.captured"]] == [4]
    assert {p.attributes["payi.sink"]: p.value for p in metrics["payi.events.delivered"]} == {
        "MemorySink": 4,
        "otel": 4,
    }
    assert metrics["payi.worker.lag"][0].value >= 0
    assert [point.value for point in metrics["payi.queue.length"]] == [0, 0]


def test_losses_have_their_reason(application: Application) -> None:
    class Refusing(MemorySink):
        def deliver(self, batch: Any) -> Any:
            from payi_transport import Receipt

            return Receipt(rejected=dict.fromkeys(range(len(batch)), "full"))

    payi_instrument(sink=[Refusing(), "otel"], config={"otel": {}})
    call()
    payi_flush()
    [point] = application.metrics()["payi.events.lost"]
    assert (point.value, dict(point.attributes)) == (1, {"payi.sink": "Refusing", "payi.reason": "full"})


def test_a_call_without_usage_and_times_is_no_measurement(application: Application) -> None:
    from opentelemetry import metrics

    CallMetrics(metrics.get_meter("m"), OtelSettings()).record({}, {}, None, None)
    assert application.metrics() == {}
