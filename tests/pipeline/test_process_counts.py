"""What a process has not recorded is written beside its file of events, where a report finds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from payi_transport import (
    MemorySink,
    payi_flush,
    payi_instrument,
    payi_shutdown,
    payi_stats,
    track_context,
)
from payi_transport.cli.main import cli
from payi_transport.context.baggage import IGNORED
from payi_transport.pipeline.active import get_active
from payi_transport.sinks.offline import OfflineSink
from payi_transport.values.file_counts import FileCounts, read_counts
from tests.support.origin import CannedResponse, serve

BODY = {
    "id": "chatcmpl-1",
    "model": "gpt-4.1",
    "choices": [],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}


def call(url: str) -> None:
    httpx.post(f"{url}/v1/chat/completions", json={"model": "gpt-4.1", "messages": []}).raise_for_status()


@pytest.mark.parametrize("mode", ["bulk", "inline"])
def test_requests_that_are_not_recorded_fail_a_strict_report(mode: str, tmp_path: Path) -> None:
    pytest.importorskip("genai_prices")
    path = tmp_path / "capture.json"
    response = CannedResponse([json.dumps(BODY).encode()])
    with serve() as mapped, serve() as unmapped:
        mapped.responses, unmapped.responses = [response], [response]
        config: Any = {
            "offline_instrumentation": {"file_name": str(path)},
            "host_mappings": {mapped.netloc: {"price_as_category": "system.openai"}},
            "delivery": {"mode": mode},
        }
        payi_instrument(config=config)
        call(mapped.url)
        payi_flush()
        assert read_counts(path) == FileCounts()
        assert CliRunner().invoke(cli, ["report", str(path), "--strict"]).exit_code == 0
        call(unmapped.url)
        payi_shutdown()
    assert sum(map(sum, (each.values() for each in payi_stats().unobserved.values()))) == 1
    assert read_counts(path) == FileCounts(unobserved={"unmapped": 1}, hosts={unmapped.netloc: 1})
    # The file itself has events only.
    assert len(json.loads(path.read_text())) == 1
    result = CliRunner().invoke(cli, ["report", str(path), "--strict"])
    assert result.exit_code == 1
    assert "1 request was not recorded" in result.stderr
    assert "1 request that was not recorded, and may have cost something (unmapped 1)." in " ".join(
        result.stdout.split()
    )
    assert json.loads(CliRunner().invoke(cli, ["report", str(path), "--json"]).stdout)["unobserved"] == 1


def test_counts_that_cannot_be_written_are_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: OfflineSink, counts: FileCounts) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(OfflineSink, "write_counts", fail)
    payi_instrument(config={"offline_instrumentation": {"file_name": str(tmp_path / "capture.json")}})
    assert payi_flush()
    assert payi_stats().faults == 1
    payi_shutdown()


def test_the_account_says_what_calls_lack_and_what_is_not_recorded() -> None:
    payi_instrument(sink=MemorySink(), config={"require": ["user_id", "account_name"]})
    pipeline = get_active()
    assert pipeline is not None
    ignored = payi_stats().ignored_baggage
    IGNORED.add()
    responses = iter([BODY, {key: value for key, value in BODY.items() if key != "usage"}, BODY])
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=next(responses)))
    with httpx.Client(transport=transport) as client, track_context(user_id="u"):
        for host in ("api.openai.com", "api.openai.com", "llm.example.org"):
            client.post(f"https://{host}/v1/chat/completions", json={"model": "gpt-4.1", "messages": []})
    assert payi_flush()
    pipeline.count_fault(ValueError())
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.faults) == (2, 2, 1)
    assert stats.ignored_baggage == ignored + 1
    assert (stats.missing_units, stats.missing_fields) == (1, {"account_name": 2})
    assert stats.unobserved == {"llm.example.org": {"unmapped": 1}}
