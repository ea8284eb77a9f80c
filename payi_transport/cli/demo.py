"""The demo: the real OpenAI SDK calls a local provider, and the calls are captured in a file.

The demo has to work on any machine at the first try. So it hides environment variables that would point the
SDK or this library elsewhere, ignores proxies, and restores everything at its end.

Importing this module without the `openai` package raises ImportError.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import openai

from payi_transport import payi_flush, payi_instrument, payi_uninstrument, track, track_context
from payi_transport.cli.demo_provider import serve_provider
from payi_transport.values.names import PayiCategories

__all__ = ["BUDGET", "DemoRun", "run_demo"]

# Variables that would point the SDK elsewhere or turn this library off.
_PREFIXES = ("OPENAI_", "PAYI_")
# US dollars a day for each user: enough for all but the last call of one of them.
BUDGET = "0.0032"
_SPENDER = "ada"
_TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "find_parcel",
            "parameters": {"type": "object", "properties": {"number": {"type": "string"}}},
        },
    }
]


class DemoRun(NamedTuple):
    """The file with what a demo captured, the URL of the provider, and the call that a budget stopped."""

    file: Path
    provider: str
    stopped_user: str
    refusal: str


def run_demo(output: Path | None = None) -> DemoRun:
    """Make a few calls and capture them in `output`, by default a file in a new temporary directory.

    Raises PayiConfigError if the output can't be written.
    """
    with (
        _find_place(output) as file,
        _clean_environment(),
        serve_provider() as port,
        tempfile.TemporaryDirectory() as state,
    ):
        host = f"127.0.0.1:{port}"
        with _instrumented(host, file, Path(state) / "budgets.db"):
            refusal = _use_the_sdk(f"http://{host}/v1")
    return DemoRun(file, f"http://{host}", _SPENDER, refusal)


@contextmanager
def _find_place(output: Path | None) -> Iterator[Path]:
    """Yield where to write. A folder that is made for it is removed if the demo ends early."""
    # Absolute, because the report names the file, and the user's next command may run elsewhere.
    if output is not None:
        yield output.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="payi_demo_")).absolute()
    try:
        yield folder / "captured_calls.json"
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _clean_environment() -> Iterator[None]:
    hidden = {name: value for name, value in os.environ.items() if name.startswith(_PREFIXES)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


@contextmanager
def _instrumented(host: str, file: Path, budgets: Path) -> Iterator[None]:
    # The terminal shows the report, and what the warnings of the budget say is in it.
    quiet = logging.getLogger("payi.demo")
    quiet.propagate = False
    quiet.addHandler(logging.NullHandler())
    payi_instrument(
        logger=quiet,
        config={
            "budgets": {"demo": {"amount": BUDGET, "period": "day", "by": "user_id", "enforce": True}},
            # Not the file of this user, whose own budgets the demo has nothing to do with.
            "budgets_file": str(budgets),
            "offline_instrumentation": {"file_name": str(file)},
            # The provider is at no known host, so it is mapped like any compatible server. Asking for usage
            # shows what that does to streams.
            "host_mappings": {host: {"price_as_category": PayiCategories.openai, "include_usage": True}},
        },
    )
    try:
        yield
    finally:
        payi_uninstrument()


def _use_the_sdk(base_url: str) -> str:
    """Do what an application does; all it knows of this library is how to name use cases and users.

    Return what the SDK says of the call that was over the budget.
    """
    # A proxy from the environment couldn't reach the provider on this machine.
    http_client = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(base_url=base_url, api_key="demo", http_client=http_client) as client:
        with track_context(user_id=_SPENDER):
            _answer_customer(client)
            _summarize(client, model="gpt-5-mini")
        with track_context(user_id="grace"):
            _summarize(client, model="gpt-5-mini")
            # One call fails on purpose, so that the report has an error to show.
            _summarize(client, model="gpt-5-nonexistent")
        # Costs are known once a call has been read, which is a moment after it. Wait for that here, so that
        # the demo always shows the same.
        payi_flush()
        with track_context(user_id=_SPENDER):
            try:
                _summarize(client, model="gpt-5-mini")
            except openai.PermissionDeniedError as exc:
                # Without "Error code: 403 - ".
                return exc.message.partition(" - ")[2]
    return ""


@track(use_case_name="answer-customers")
def _answer_customer(client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "Where is my parcel A-1815?"}]
    response = client.chat.completions.create(model="gpt-5", messages=messages, tools=_TOOLS)
    message = response.choices[0].message
    messages.append(message.model_dump(exclude_none=True))
    messages += [
        {"role": "tool", "tool_call_id": call.id, "content": "arrives tomorrow"}
        for call in message.tool_calls or ()
    ]
    client.chat.completions.create(model="gpt-5", messages=messages, tools=_TOOLS)


@track(use_case_name="summarize-cases")
def _summarize(client: openai.OpenAI, *, model: str) -> str:
    # The last line is how applications read a stream. It would fail on a usage chunk, which has no choices.
    messages: list[Any] = [{"role": "user", "content": "Summarize the case of parcel A-1815."}]
    try:
        stream = client.chat.completions.create(model=model, messages=messages, stream=True)
    except openai.NotFoundError:
        return ""
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)
