"""`python -m benchmarks.report`: how long a report on a million events takes, and how much memory.

It fails unless the report has every event, and took at most a minute of CPU time and 200 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random

import msgspec

from payi_transport import Event, Header, Units

__all__ = ["main", "write_events"]

_MAX_SECONDS, _MAX_MEGABYTES = 60, 200
_START = datetime(2026, 11, 1, tzinfo=timezone.utc)
_MODELS = (
    ("system.openai", "gpt-5", "https://api.openai.com/v1/chat/completions"),
    ("system.openai", "gpt-5-mini", "https://api.openai.com/v1/responses"),
    ("system.anthropic", "claude-sonnet-4-5", "https://api.anthropic.com/v1/messages"),
    ("system.aws.bedrock", "amazon.nova-pro-v1:0", "https://bedrock-runtime.us-east-1.amazonaws.com/model"),
)
_HEADERS = (Header("content-type", "application/json"), Header("x-request-id", "req_0123456789abcdef"))


def main(arguments: list[str] | None = None) -> None:
    """Write events, report on them in a process of its own, and print what that took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--by", default="use_case,model")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.json"
        write_events(file, asked.events)
        print(f"{asked.events:,} events, {file.stat().st_size / 1e6:,.0f} MB")
        _measure(file, asked.by, asked.events)


def write_events(file: Path, number: int) -> None:
    """Write events as the offline sink does, the same at each run."""
    random = Random(1)
    with file.open("wb") as target:
        target.write(b"[\n")
        for index in range(number):
            target.write((b",\n" if index else b"") + msgspec.json.encode(_make_event(index, random)))
        target.write(b"\n]\n")


def _make_event(index: int, random: Random) -> Event:
    category, model, uri = random.choice(_MODELS)
    return Event(
        category=category,
        resource=model,
        units={
            "text": Units(random.randrange(5000), random.randrange(900)),
            "text_cache_read": Units(random.randrange(3000)),
        },
        provider_response_id=f"resp_{index:032x}",
        event_timestamp=_START + timedelta(seconds=index),
        end_to_end_latency_ms=random.randrange(200, 9000),
        http_status_code=200 if random.random() < 0.97 else 429,
        provider_uri=uri,
        provider_response_headers=_HEADERS,
        use_case_name=f"use-case-{random.randrange(20)}",
        user_id=f"user-{random.randrange(2000)}",
    )


def _measure(file: Path, by: str, number: int) -> None:
    command = [sys.executable, "-m", "payi_transport", "report", str(file), "--by", by, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        made = json.loads(process.stdout.read())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{seconds:.1f} s of CPU time, {megabytes:.0f} MB, {seconds / number * 1e6:.0f} µs per event")
    assert process.returncode == 0
    assert made["total"]["calls"] == number
    assert megabytes <= _MAX_MEGABYTES, f"more than {_MAX_MEGABYTES} MB"
    assert seconds <= _MAX_SECONDS * max(1, number / 1_000_000), f"more than {_MAX_SECONDS} s"


if __name__ == "__main__":
    main()
