"""The local service in the place of Pay-i: requests reach its real API over HTTP, and its store counts.

It has the members of `PayiRules` that tests use, so that a stand-in which breaks connections and responses
can pass what it should take to either.
"""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["ServedRules", "serve_rules"]

_TABLES = ("events", "tags", "contents", "rollups", "histograms", "runs", "documents")
_KEY = {"xproxy-api-key": "k", "content-type": "application/json"}


class ServedRules:
    """Passes requests to a service, and reads from its store how often each event counts."""

    def __init__(self, address: str, service: Any) -> None:
        self.address, self.service = address, service
        self._netloc = urlsplit(address).netloc
        self.violations: list[str] = []

    def reset(self) -> None:
        """Empty the store."""
        self.violations.clear()
        for table in _TABLES:
            self.service.store.write(
                lambda writing, table=table: writing.connection.execute(f"DELETE FROM {table}")  # noqa: S608
            )

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Return status and body of the service's response. A body that it can't read is a violation."""
        # Python's own client, because this library hooks the others.
        connection = http.client.HTTPConnection(self._netloc, timeout=60)
        connection.request(method, path, body, {**headers, "host": self._netloc})
        response = connection.getresponse()
        found = json.loads(response.read())
        connection.close()
        code = found.get("xproxy_error", {}).get("code")
        if response.status >= 500 or code == "invalid_json":
            self.violations.append(f"{response.status} {found['message']}")
        return response.status, found

    @property
    def counted(self) -> Counter[str]:
        """How often each event counts, by its own row and by what every sum has of it."""
        reader = self.service.store.reader
        rows = reader.execute("SELECT response_id, COUNT(*) FROM events GROUP BY 1").fetchall()
        counted: Counter[str] = Counter(dict(rows))
        [summed] = reader.execute(
            "SELECT TOTAL(calls) FROM rollups WHERE level = 1 AND dimension = 0"
        ).fetchone()
        assert summed == sum(counted.values())
        return counted

    @property
    def events(self) -> dict[str, dict[str, Any]]:
        """What the service says of each event, in the words of the ingest API."""
        ids = self.service.store.reader.execute("SELECT id FROM events").fetchall()
        calls = [self.service.queries.call(id_) for [id_] in ids]
        return {
            call.response_id: {
                "use_case_name": call.call.use_case,
                "user_id": call.call.user,
                "request_tags": call.detail.tags,
                "properties": call.detail.properties,
            }
            for call in calls
        }

    @property
    def limits(self) -> dict[str, str]:
        """The types of the limits there are, by id."""
        _, found = self.respond("GET", "/api/v1/limits", _KEY, b"")
        return {limit["limit_id"]: limit["limit_type"] for limit in found["items"]}

    @limits.setter
    def limits(self, types: Mapping[str, str]) -> None:
        for limit_id, kind in types.items():
            body = {"limit_id": limit_id, "limit_name": limit_id, "limit_type": kind, "max": 1}
            status, _ = self.respond("POST", "/api/v1/limits", _KEY, json.dumps(body).encode())
            assert status == 200


@contextmanager
def serve_rules(folder: Path, *, strict: bool) -> Iterator[ServedRules]:
    """Run a service with a store of its own; `strict` counts what comes twice twice, as Pay-i does."""
    from payi_transport.serve.command import serve_in_thread
    from payi_transport.serve.settings import ServeSettings

    with serve_in_thread(ServeSettings(file=folder / "serve.sqlite", port=0, strict=strict)) as started:
        yield ServedRules(*started)
