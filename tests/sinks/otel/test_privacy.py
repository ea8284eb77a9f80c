"""What never leaves in a span or a metric: credentials, queries, and content that is not to be logged."""

from __future__ import annotations

from payi_transport import MemorySink
from tests.sinks.otel.application import Application
from tests.support.secrets import SECRET, TEXTS
from tests.test_privacy_doors import record_all


def test_no_secret_is_in_a_span_or_a_metric(application: Application, sink: MemorySink) -> None:
    record_all(sink=sink, config={"otel": {}})
    spans = application.exporter.get_finished_spans()
    assert len(spans) == 4 * len(TEXTS)
    assert SECRET not in "".join(span.to_json() for span in spans) + repr(application.metrics())
