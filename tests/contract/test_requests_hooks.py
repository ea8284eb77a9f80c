"""The hook on requests: there as soon as the library is, and where an adapter sends, once a call."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
from typing import Any

import pytest
import requests
import urllib3

from payi_transport import MemorySink
from tests.contract.responses import PATH, REQUEST, UNARY, make_response, observe
from tests.support.exchanges import events_of
from tests.support.origin import CannedResponse, Origin


class Counting(requests.adapters.HTTPAdapter):
    """An adapter of a program's own, which sends through the one that it is derived from."""

    sent = 0

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        Counting.sent += 1
        return super().send(*args, **kwargs)


class Caching(requests.adapters.BaseAdapter):
    """An adapter that sends nothing."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = 200
        response.raw = io.BytesIO(UNARY.response)
        return response

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(("adapter", "events"), [(Counting, 1), (Caching, 0)])
def test_a_programs_own_adapters_are_seen_where_they_send(
    adapter: type[requests.adapters.BaseAdapter], events: int, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(UNARY)]
    observe(origin, sink)
    with requests.Session() as session:
        session.mount("http://", adapter())
        assert session.post(f"{origin.url}{PATH}", json=REQUEST).content == UNARY.response
    assert len(events_of(sink)) == events


def test_what_is_sent_again_below_is_one_event(origin: Origin, sink: MemorySink) -> None:
    busy = CannedResponse([b"busy"], status=503, headers={"content-length": "4"})
    retry = urllib3.Retry(total=2, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    origin.responses = [busy, busy, make_response(UNARY)]
    observe(origin, sink)
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
        assert session.post(f"{origin.url}{PATH}", json=REQUEST).content == UNARY.response
    assert len(origin.received) == 3
    assert [event.http_status_code for event in events_of(sink)] == [200]


def test_the_library_is_hooked_when_a_program_imports_it() -> None:
    script = """
        import sys
        from payi_transport import MemorySink, payi_instrument, payi_uninstrument
        payi_instrument(sink=MemorySink())
        assert "requests" not in sys.modules and "urllib3" not in sys.modules
        import requests
        assert hasattr(requests.adapters.HTTPAdapter.send, "__wrapped__")
        payi_uninstrument()
        assert not hasattr(requests.adapters.HTTPAdapter.send, "__wrapped__")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
