"""What a dialect is given."""

from __future__ import annotations

from payi_transport.providers.reading.raw_response import RawResponse


def test_a_reply_of_frames_alone_was_read_to_its_end() -> None:
    reply = RawResponse([("", b"{}")])
    assert (reply.frames, reply.exhausted, reply.request, dict(reply.headers)) == (
        [("", b"{}")],
        True,
        b"",
        {},
    )
