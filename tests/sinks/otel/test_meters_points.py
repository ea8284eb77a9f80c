"""What each metric says of a call: its unit, its value, and by which attributes it is grouped."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from opentelemetry import metrics

from payi_transport.config.otel_settings import OtelSettings
from payi_transport.delivery.stats import PayiStats, SinkStats
from payi_transport.sinks.otel.meters import CallMetrics, observe_health
from tests.sinks.otel.application import Application

LABELS = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4.1",
    "gen_ai.response.model": "gpt-4.1-2025-04-14",
    "server.address": "api.openai.com",
    "server.port": 443,
    "error.type": "rate",
}
OTHERS = {"payi.user.id": "u", "payi.account.name": "acme", "gen_ai.request.top_p": 0.5}
SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]


def read_units(application: Application) -> dict[str, tuple[str, str]]:
    data: Any = application.reader.get_metrics_data()
    scopes = data.resource_metrics[0].scope_metrics
    return {metric.name: (metric.unit, metric.description) for scope in scopes for metric in scope.metrics}


def record(application: Application, usage: dict[str, int], **settings: Any) -> dict[str, list[Any]]:
    meter = metrics.get_meter("m")
    attributes = {**LABELS, **OTHERS, "gen_ai.response.time_to_first_chunk": 0.25}
    CallMetrics(meter, OtelSettings(**settings)).record(attributes, usage, 1.5, 0.125)
    return application.metrics()


def test_a_call_is_measured_by_its_tokens_its_times_and_its_cost(application: Application) -> None:
    usage = {"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3}
    points = record(application, usage)
    tokens = {
        point.attributes["gen_ai.token.type"]: (point.sum, point.count, dict(point.attributes))
        for point in points["gen_ai.client.token.usage"]
    }
    assert tokens == {
        kind: (count, 1, {**LABELS, "gen_ai.token.type": kind})
        for kind, count in (("input", 12), ("output", 3))
    }
    for name, value in (("duration", 1.5), ("time_to_first_chunk", 0.25)):
        [point] = points[f"gen_ai.client.operation.{name}"]
        assert (point.sum, dict(point.attributes)) == (value, LABELS)
        assert [round(bound, 9) for bound in point.explicit_bounds] == SECONDS
    [cost] = points["payi.cost"]
    assert (cost.value, dict(cost.attributes)) == (0.125, LABELS)


def test_only_tokens_that_are_known_are_measured(application: Application) -> None:
    points = record(application, {"gen_ai.usage.output_tokens": 3})
    assert [point.attributes["gen_ai.token.type"] for point in points["gen_ai.client.token.usage"]] == [
        "output"
    ]


def test_users_and_accounts_are_attributes_where_the_settings_name_them(application: Application) -> None:
    points = record(application, {}, metric_attributes=("user_id", "account_name"))
    [point] = points["payi.cost"]
    assert dict(point.attributes) == {**LABELS, "payi.user.id": "u", "payi.account.name": "acme"}


def test_every_metric_has_its_unit(application: Application) -> None:
    account = SinkStats(captured=9, delivered=4, queued=3, lost={"full": 2})
    stats = PayiStats(captured=9, worker_lag=0.5, sinks={"payi": account})
    observe_health(metrics.get_meter_provider(), metrics.get_meter("m"), lambda: stats)
    record(application, {"gen_ai.usage.input_tokens": 1})
    assert read_units(application) == {
        "gen_ai.client.token.usage": ("{token}", "Number of input and output tokens used."),
        "gen_ai.client.operation.duration": ("s", "GenAI operation duration."),
        "gen_ai.client.operation.time_to_first_chunk": ("s", "Time to receive the first chunk of a stream."),
        "payi.cost": ("USD", "What calls cost, as far as prices are known."),
        "payi.events.captured": ("{event}", "Calls that were recorded."),
        "payi.events.delivered": ("{event}", "Events that a sink took."),
        "payi.events.lost": ("{event}", "Events that a sink will never get."),
        "payi.queue.length": ("{event}", "Events that wait for a sink."),
        "payi.worker.lag": ("s", "How long the last call waited to be decoded."),
    }


def test_the_account_is_observed_by_sink_and_reason(application: Application) -> None:
    sinks = {
        "payi": SinkStats(captured=9, delivered=4, queued=3, lost={"full": 1, "status_400": 1}),
        "file": SinkStats(captured=9, delivered=9),
    }
    stats = PayiStats(captured=9, worker_lag=0.5, sinks=sinks)
    observe_health(metrics.get_meter_provider(), metrics.get_meter("m"), lambda: stats)
    points = application.metrics()
    shown = {
        name: {tuple(point.attributes.values()): point.value for point in points[f"payi.{name}"]}
        for name in ("events.captured", "events.delivered", "events.lost", "queue.length", "worker.lag")
    }
    assert shown == {
        "events.captured": {(): 9},
        "events.delivered": {("payi",): 4, ("file",): 9},
        "events.lost": {("payi", "full"): 1, ("payi", "status_400"): 1},
        "queue.length": {("payi",): 3, ("file",): 0},
        "worker.lag": {(): 0.5},
    }
    # The next pipeline takes the instruments over.
    later = SimpleNamespace(captured=11, worker_lag=0.0, sinks={})
    observe_health(metrics.get_meter_provider(), metrics.get_meter("m"), lambda: later)
    assert [point.value for point in application.metrics()["payi.events.captured"]] == [11]
