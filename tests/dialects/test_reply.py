"""What a dialect is given."""

from __future__ import annotations

from payi_transport.dialects.reply import Reply


def test_a_reply_of_frames_alone_was_read_to_its_end() -> None:
    reply = Reply([("", b"{}")])
    assert (reply.frames, reply.exhausted, reply.request, dict(reply.headers)) == (
        [("", b"{}")],
        True,
        b"",
        {},
    )
