"""How much of a body is kept: more of a compressed one, nothing of which could be read after a gap."""

from __future__ import annotations

import pytest

from payi_transport.capture.buffers import find_limit
from payi_transport.values.headers import pack_headers
from tests.support.exchanges import feed, make_request

GZIP = (b"content-type", b"application/json", b"Content-Encoding", b"gzip")


@pytest.mark.parametrize(
    ("size", "headers", "decoded", "limit"),
    [
        (100, GZIP, False, 100),
        (101, GZIP, False, 200),
        (999, GZIP, False, 200),
        (101, GZIP, True, 100),
        (101, (b"content-type", b"content-encoding"), False, 100),
        (101, (), False, 100),
    ],
)
def test_a_compressed_body_may_be_twice_as_large(
    size: int, headers: tuple[bytes, ...], decoded: bool, limit: int
) -> None:
    assert find_limit(100, size, headers, decoded) == limit


@pytest.mark.parametrize(("chunks", "has_tail"), [(20, False), (21, True)])
def test_a_compressed_body_is_kept_whole_up_to_twice_the_limit(chunks: int, has_tail: bool) -> None:
    response = make_request(body_limit=100).start_response(200, GZIP)
    feed(response, [b"x" * 10] * chunks)
    assert (response.tail is not None) is has_tail
    assert sum(map(len, response.chunks)) == 200


@pytest.mark.parametrize("name", [b"content-encoding", b"CONTENT-ENCODING"])
def test_a_coding_is_found_in_either_form_of_headers(name: bytes) -> None:
    packed = pack_headers([(b"A", b"a", b"content-encoding"), (name, name.lower(), b"br")])
    assert find_limit(100, 101, packed, False) == 200
    assert find_limit(100, 101, pack_headers([(b"A", b"a", b"content-encoding")]), False) == 100


@pytest.mark.parametrize(("chunks", "kept"), [(64, 64), (65, 64)])
def test_of_what_is_over_the_limit_the_last_chunks_are_kept(chunks: int, kept: int) -> None:
    response = make_request(body_limit=1).start_response(200, ())
    feed(response, [b"x"] * (1 + chunks))
    assert (len(response.chunks), len(response.tail or ())) == (1, kept)
