"""The libraries that are measured beside ours, and an environment for each, as one can't hold them all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec.toml
from platformdirs import user_cache_path

__all__ = ["ENVIRONMENTS", "OWN", "PEERS", "SDK", "Peer", "find_environment", "find_python"]

# Names the folder of the environments, where it is to be another one.
ENVIRONMENTS = "BENCHMARK_ENVIRONMENTS"
OWN = "payi_transport"
SDK = "openai==3.54.0"
_PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_SDK = (SDK, "httpx2==2.16.2")
_OTLP = ("opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2", *_SDK)
_PAYI_MARK = r'"provider_response_id": ?"'


class Peer(NamedTuple):
    """A library, and how to see that it recorded a call.

    `requirements`: the library comes first. `mark`: a regular expression with one match in what is delivered
    of a call: its tokens, where those are told. `own`: it is the tree that the benchmark itself is from.
    """

    name: str
    requirements: tuple[str, ...]
    mark: str
    own: bool = False

    @property
    def title(self) -> str:
        """Name and version."""
        return self.name if self.own else f"{self.name} {self.requirements[0].split('==')[1]}"


def _read_own_requirements() -> tuple[str, ...]:
    """Not the library itself: an environment is kept, and the tree changes."""
    project = msgspec.toml.decode(_PROJECT.read_text())["project"]
    return (*project["dependencies"], *project["optional-dependencies"]["httpx2"], *_SDK)


PEERS = (
    Peer(OWN, _read_own_requirements(), _PAYI_MARK, own=True),
    Peer("payi", ("payi==0.1.0a183", *_SDK), _PAYI_MARK),
    Peer("payi offline", ("payi==0.1.0a183", *_SDK), _PAYI_MARK),
    Peer(
        "OpenLLMetry",
        ("opentelemetry-instrumentation-openai==0.62.4", *_OTLP),
        r"gen_ai\.usage\.total_tokens",
    ),
    Peer(
        "OpenInference",
        ("openinference-instrumentation-openai==0.1.66", *_OTLP),
        r"llm\.token_count\.total",
    ),
    Peer("langfuse", ("langfuse==5.0.4", *_SDK), r"langfuse\.observation\.usage_details"),
    Peer("logfire", ("logfire==5.2.0", *_SDK), r'"completion_tokens"'),
    Peer("ddtrace", ("ddtrace==4.16.0", *_SDK), r"_dd\.llmobs\.total_tokens"),
    Peer("OTel httpx", ("opentelemetry-instrumentation-httpx==0.66b2", *_OTLP), r"http\.status_code"),
)


def find_python(peer: Peer) -> Path:
    """The interpreter of the peer's environment, which is built unless it is there and complete."""
    folder = find_environment(peer)
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        _run_uv("venv", "--clear", "--python", sys.executable, str(folder))
        # Compiled now rather than by the first process that imports them.
        _run_uv("pip", "install", "--compile-bytecode", "--python", str(python), *peer.requirements)
        # Written last, so that an installation that was interrupted is begun again.
        complete.touch()
    return python


def find_environment(peer: Peer) -> Path:
    """The folder of this interpreter with these requirements, whether or not it is there."""
    # Other requirements or another interpreter give another name, so an environment never has to be
    # updated.
    asked = "\n".join((sys.version, *peer.requirements))
    folder = Path(os.environ.get(ENVIRONMENTS) or user_cache_path("payi-transport") / "benchmarks").resolve()
    return folder / f"{peer.name.split()[0]}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"


def _run_uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *arguments], check=True)
