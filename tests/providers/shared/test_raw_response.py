"""What a reader gets."""

from __future__ import annotations

from payi_transport.providers.shared.raw_response import RawResponse


def test_a_response_of_messages_alone_was_read_to_its_end_and_nothing_is_known_of_its_request() -> None:
    raw = RawResponse([("", b"{}")])
    assert raw.messages == [("", b"{}")]
    assert raw.read_to_end
    assert not raw.is_stream
    assert (raw.request_body, raw.category, raw.uri) == (b"", "", "")
    assert (dict(raw.request_headers), dict(raw.response_headers)) == ({}, {})
    assert raw.requested_model is raw.priced_model is None
