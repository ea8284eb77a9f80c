"""Recording one call of gRPC raises nothing, and makes JSON of its messages on the worker."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from payi_transport import Event, MemorySink, Receipt, payi_flush, payi_instrument, payi_stats
from payi_transport.hooks.grpc.calls import RecordedCall, Rpc

struct_pb2: Any = pytest.importorskip("google.protobuf.struct_pb2")
METHOD = "/xai_api.Chat/GetCompletion"


def make_rpc(serialize: Any = None, deserialize: Any = None, method: str = METHOD) -> Rpc:
    return Rpc("api.x.ai", None, method, serialize, deserialize)


@pytest.fixture
def call(sink: MemorySink) -> RecordedCall:
    payi_instrument(sink=sink)
    begun = make_rpc().begin({})
    assert begun is not None
    return begun


def message(**fields: Any) -> Any:
    made = struct_pb2.Struct()
    made.update(fields)
    return made


def test_messages_become_json() -> None:
    rpc = make_rpc(deserialize=struct_pb2.Struct.FromString)
    data = message(model="m").SerializeToString()
    # On one line.
    assert rpc._to_json(False, data) == b'{"model": "m"}'
    assert rpc._to_json(True, data) == b""
    rpc.note_request(message())
    rpc.note_request("later ones change nothing")
    assert json.loads(rpc._to_json(True, data)) == {"model": "m"}


@pytest.mark.parametrize("deserialize", [None, json.loads, struct_pb2.Struct.FromString])
def test_what_is_no_message_becomes_nothing(deserialize: Any) -> None:
    assert make_rpc(deserialize=deserialize)._to_json(False, b"\xff") == b""


def test_an_interruption_is_no_unreadable_message() -> None:
    def interrupt(data: bytes) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_rpc(deserialize=interrupt)._to_json(False, b"")


def test_names_are_those_of_the_definition_except_googles() -> None:
    descriptor: Any = pytest.importorskip("google.protobuf.descriptor_pb2")
    data = descriptor.FieldDescriptorProto(type_name="t").SerializeToString()
    for method, name in ((METHOD, "type_name"), ("/google.x.Service/Method", "typeName")):
        rpc = make_rpc(deserialize=descriptor.FieldDescriptorProto.FromString, method=method)
        assert json.loads(rpc._to_json(False, data)) == {name: "t"}


def test_without_a_pipeline_nothing_is_recorded() -> None:
    assert make_rpc().begin({}) is None


def test_an_rpc_that_is_not_known_is_not_recorded(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    assert make_rpc(method="/other.Service/Method").begin({}) is None


def test_a_fault_leaves_the_call_alone(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    rpc = make_rpc()
    rpc.address = None  # type: ignore[assignment]
    assert rpc.begin({}) is None
    assert payi_stats().faults == 1


@pytest.mark.parametrize("metadata", [7, [("a", "b", "c")], [7], ["a"], iter([7])])
def test_metadata_that_is_none_is_no_fault(metadata: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    assert make_rpc().begin({"metadata": metadata}) is None
    assert payi_stats().faults == 0


@pytest.mark.parametrize("data", [b"body", "no bytes"])
def test_serializers_may_be_missing(call: RecordedCall, data: Any) -> None:
    assert call.serialize(data) is data
    assert call.deserialize(data) is data


def test_a_response_may_come_after_the_status(call: RecordedCall, sink: MemorySink) -> None:
    call.end("OK", None, None, waits=True)
    call.deserialize(b"late")
    assert payi_flush(30)
    assert len(sink.events) == 1


def ended(sink: MemorySink) -> Any:
    assert payi_flush(30)
    (event,) = sink.events
    return event


def test_a_call_without_a_message_may_succeed(call: RecordedCall, sink: MemorySink) -> None:
    call.end("OK", None, None)
    assert ended(sink).http_status_code == 200


@pytest.mark.parametrize("code", ["CANCELLED", "UNAVAILABLE", "DEADLINE_EXCEEDED", 7])
def test_a_call_without_a_response_has_failed(call: RecordedCall, sink: MemorySink, code: Any) -> None:
    call.end(code, "details", None)
    event = ended(sink)
    assert (event.http_status_code, event.properties["system.failure"]) == (299, str(code))


def test_an_error_during_a_stream_ends_it(call: RecordedCall, sink: MemorySink) -> None:
    call.deserialize(b"chunk")
    call.fail(ConnectionError("cut"))
    event = ended(sink)
    assert (event.http_status_code, event.properties["system.failure"]) == (200, "ConnectionError")


def test_an_error_before_any_response_is_a_failure(call: RecordedCall, sink: MemorySink) -> None:
    call.fail(ConnectionError("refused"))
    assert ended(sink).http_status_code == 299


def test_a_cancellation_during_a_stream_closes_it(call: RecordedCall, sink: MemorySink) -> None:
    call.deserialize(b"chunk")
    call.end("CANCELLED", None, None)
    event = ended(sink)
    assert (event.http_status_code, "system.failure" in event.properties) == (200, False)


def test_faults_of_recording_reach_nobody(call: RecordedCall) -> None:
    call._sent = None  # type: ignore[assignment]
    assert call.deserialize(b"chunk") == b"chunk"
    call.end("OK", None, None)
    call.fail(ConnectionError())
    assert payi_stats().faults == 3


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("INVALID_ARGUMENT", 400),
        ("FAILED_PRECONDITION", 400),
        ("OUT_OF_RANGE", 400),
        ("UNAUTHENTICATED", 401),
        ("PERMISSION_DENIED", 403),
        ("NOT_FOUND", 404),
        ("ABORTED", 409),
        ("ALREADY_EXISTS", 409),
        ("RESOURCE_EXHAUSTED", 429),
        ("UNIMPLEMENTED", 501),
        ("INTERNAL", 500),
        ("DATA_LOSS", 500),
    ],
)
def test_a_refusal_has_the_status_that_google_gives_its_code(
    call: RecordedCall, sink: MemorySink, code: str, status: int
) -> None:
    call.end(code, "why", None)
    event = ended(sink)
    assert event.http_status_code == status
    assert json.loads(event.provider_response_json[0]) == {
        "error": {"code": code, "type": code, "message": "why"}
    }
    assert event.properties["provider.error.code"] == event.properties["provider.error.type"] == code


def test_a_refusal_needs_no_details(call: RecordedCall, sink: MemorySink) -> None:
    call.end("NOT_FOUND", None, None)
    assert json.loads(ended(sink).provider_response_json[0])["error"]["message"] == ""


@pytest.mark.parametrize("chunks", [[], [b"chunk"]])
@pytest.mark.parametrize(("details", "told"), [("the details", "the details"), (None, "UNAVAILABLE")])
def test_a_call_that_breaks_off_fails_with_its_code_and_details(
    call: RecordedCall, sink: MemorySink, chunks: list[bytes], details: str | None, told: str
) -> None:
    for chunk in chunks:
        call.deserialize(chunk)
    call.end("UNAVAILABLE", details, None)
    event = ended(sink)
    assert event.properties["system.failure"] == "UNAVAILABLE"
    assert event.properties["system.failure.description"] == told


class Rejected(Exception):
    """An error of gRPC's, which knows its code."""

    def code(self) -> Any:
        return "DEADLINE_EXCEEDED"

    def details(self) -> str:
        return "too late"


def test_the_error_that_the_program_sees_is_reported(call: RecordedCall, sink: MemorySink) -> None:
    call.fail(Rejected("seen"))
    properties = ended(sink).properties
    assert (properties["system.failure"], properties["system.failure.description"]) == ("Rejected", "seen")


def test_a_success_ends_a_call_once(call: RecordedCall, sink: MemorySink) -> None:
    call.deserialize(b"chunk")
    call.end("OK", None, None, waits=True)
    call.deserialize(b"late")
    call.fail(ConnectionError("later"))
    assert "system.failure" not in (ended(sink).properties or {})


def test_nothing_is_rewritten_or_waited_for(sink: MemorySink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    payi_instrument(sink=sink, config={"proxy": True, "enforce_limits": True})
    call = make_rpc().begin({"metadata": [("xProxy-User-ID", "u"), ("b", "1")]})
    assert call is not None
    call.end("OK", None, None)
    assert ended(sink).user_id == "u"


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        ([("XPROXY-User-ID", "u"), ("a", "1")], (("a", "1"),)),
        ([(b"xproxy-user-id", b"u"), (b"a", b"1")], ((b"a", b"1"),)),
        ((("xproxy-user-id", "u"),), ()),
        ([("a", "1")], [("a", "1")]),
        (None, None),
    ],
)
def test_metadata_of_payi_is_taken_out_in_any_case(metadata: Any, kept: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    options = {"metadata": metadata}
    assert make_rpc().begin(options) is not None
    assert options["metadata"] == kept


def test_an_error_that_knows_its_code_is_a_refusal_by_the_server(
    call: RecordedCall, sink: MemorySink
) -> None:
    class Refused(Exception):
        def code(self) -> Any:
            return "NOT_FOUND"

        def details(self) -> str:
            return "no such model"

    call.fail(Refused())
    event = ended(sink)
    assert event.http_status_code == 404
    assert json.loads(event.provider_response_json[0])["error"]["message"] == "no such model"


def test_the_end_of_a_call_waits_for_no_report() -> None:
    has_ended = threading.Event()
    seen: list[bool] = []

    class Sink(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            seen.append(has_ended.wait(5))
            return super().deliver(batch)

    sink = Sink()
    payi_instrument(sink=sink, config={"delivery": {"mode": "inline"}})
    call = make_rpc().begin({})
    assert call is not None
    call.end("OK", None, None)
    has_ended.set()
    assert payi_flush(30)
    assert (seen, len(sink.events)) == ([True], 1)
