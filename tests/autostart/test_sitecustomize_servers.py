"""Servers, with several workers, preloaded and reloading, report every call once under `run`."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.autostart.support import seen, serving
from tests.support.origin import Origin

WSGI = """
from calls import call
def app(environ, start_response):
    call(environ["PATH_INFO"].strip("/"))
    start_response("200 OK", [])
    return [b""]
"""
ASGI = """
from calls import call
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    call(scope["path"].strip("/"))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
"""


@pytest.mark.parametrize(
    ("source", "command"),
    [
        (WSGI, ["gunicorn", "shop:app", "-w", "2", "-b", "127.0.0.1:{port}"]),
        (WSGI, ["gunicorn", "shop:app", "-w", "2", "-b", "127.0.0.1:{port}", "--preload"]),
        (WSGI, ["gunicorn", "shop:app", "-w", "1", "-b", "127.0.0.1:{port}", "-k", "gevent"]),
        (ASGI, ["uvicorn", "shop:app", "--port", "{port}", "--workers", "2"]),
        (ASGI, ["uvicorn", "shop:app", "--port", "{port}", "--reload"]),
    ],
    ids=["gunicorn", "preload", "gevent", "uvicorn", "reload"],
)
def test_servers_report_every_call_once(
    source: str, command: list[str], folder: Path, ingest: Origin
) -> None:
    (folder / "shop.py").write_text(source)
    with serving(command, folder, ingest) as address:
        for number in range(6):
            assert httpx.get(f"http://{address}/{number}", timeout=60).status_code == 200
    counted = seen(ingest)
    started = counted.pop(("start", "shop"), 0)
    assert started >= 1, (folder / "log").read_text()
    assert counted == {(str(number), "shop"): 1 for number in range(6)}, (folder / "log").read_text()
    assert "MonkeyPatchWarning" not in (folder / "log").read_text()
