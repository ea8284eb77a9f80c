"""Compare the spans of the same 40 calls, and write what was found to a page of the documentation.

    python -m tests.instrumentations.comparison

Each library makes its spans in a process of its own. Every difference has an explanation here, and every
explanation has a difference, so that neither the page nor this table can go stale.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from typing import Any, NamedTuple

from tests.instrumentations.comparison_rows import CALL_NOTES, ROWS, VERSIONS, Row
from tests.instrumentations.same_calls import SAME_CALLS
from tests.support.programs import ROOT

__all__ = ["PAGE", "compare_rows", "compare_tokens", "make_spans", "write_page"]

PAGE = ROOT / "docs" / "guides" / "tracing-compared.md"
OURS, OTHERS = "payi_transport", ("OpenLLMetry", "OpenInference")
# The spans of each call, by the library that made them.
Spans = dict[str, list[list[dict[str, Any]]]]
_PROVIDERS = {"openai": "OpenAI", "anthropic": "Anthropic", "google": "Gemini", "bedrock": "Bedrock"}


def make_spans() -> Spans:
    """Make the calls with each library, in processes of their own side by side."""
    # The SDK of Anthropic would make spans of its own.
    environment = {**os.environ, "ANTHROPIC_OPEN_TELEMETRY": "false"}
    started = {
        library: subprocess.Popen(
            [sys.executable, "-m", "tests.instrumentations.same_calls_program", library],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for library in (OURS, *OTHERS)
    }
    return {library: _read_spans(process) for library, process in started.items()}


def _read_spans(process: subprocess.Popen[str]) -> list[list[dict[str, Any]]]:
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-6000:]
    found: list[list[dict[str, Any]]] = json.loads(output.splitlines()[-1])
    return found


class Found(NamedTuple):
    """In how many calls a span has an attribute that is not zero, and the calls whose value is not ours."""

    number: int
    differs: list[str]


def compare_rows(spans: Spans) -> dict[tuple[str, str], Found]:
    """Compare each attribute with each other library, by the row's title and the library."""
    found = {}
    for row in ROWS:
        ours = _values(row, OURS, spans)
        found[row.title, OURS] = Found(sum(map(bool, ours)), [])
        for library in OTHERS:
            theirs = _values(row, library, spans)
            pairs = zip(SAME_CALLS, ours, theirs, strict=True)
            differs = [call.case.name for call, our, their in pairs if (our or None) != (their or None)]
            found[row.title, library] = Found(sum(map(bool, theirs)), differs if row.names[library] else [])
    return found


def _values(row: Row, library: str, spans: Spans) -> list[Any]:
    return [row.read(library, call[0]["attributes"]) if call else None for call in spans[library]]


class Tokens(NamedTuple):
    """Input and output tokens of one call, None without usage or without a span."""

    input: int | None
    output: int | None

    def __str__(self) -> str:
        return "none" if self.input is None is self.output else f"{self.input or 0:,} / {self.output or 0:,}"


def compare_tokens(spans: Spans) -> dict[str, dict[str, Tokens]]:
    """Return the tokens of each call by the name of its recording and the library."""
    rows = {row.title: row for row in ROWS}
    columns = {
        library: [_values(rows[title], library, spans) for title in ("all input tokens", "all output tokens")]
        for library in (OURS, *OTHERS)
    }
    return {
        call.case.name: {
            library: Tokens(inputs[index], outputs[index]) for library, (inputs, outputs) in columns.items()
        }
        for index, call in enumerate(SAME_CALLS)
    }


def sum_tokens(tokens: dict[str, dict[str, Tokens]], library: str) -> Tokens:
    counted = [call[library] for call in tokens.values()]
    return Tokens(sum(one.input or 0 for one in counted), sum(one.output or 0 for one in counted))


def write_page(spans: Spans) -> str:
    """Return the page, whose text is in `comparison_page.md`."""
    text = (ROOT / "tests" / "instrumentations" / "comparison_page.md").read_text("utf-8")
    return (
        text.replace("{versions}", _write_versions())
        .replace("{attributes}", _write_attributes(compare_rows(spans)))
        .replace("{tokens}", _write_tokens(compare_tokens(spans)))
        .replace("{notes}", "\n".join(f"{i}. {text}" for i, text in enumerate(CALL_NOTES, 1)))
    )


def _write_versions() -> str:
    return " and ".join(
        f"{library} "
        + ", ".join(f"{version(package)} ({what})" for what, package in packages.items()).replace(
            " (all)", ""
        )
        for library, packages in VERSIONS.items()
    )


def _write_attributes(found: dict[tuple[str, str], Found]) -> str:
    lines = ["| what | payi_transport | OpenLLMetry | OpenInference |", "|---|---|---|---|"]
    for row in ROWS:
        cells = [_write_cell(row, library, found[row.title, library]) for library in (OURS, *OTHERS)]
        lines.append(f"| {row.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _write_cell(row: Row, library: str, found: Found) -> str:
    names = row.names[library]
    if not names:
        return "none"
    cell = f"{', '.join(f'`{name}`' for name in names)}: {found.number}"
    if not found.differs:
        return cell if library == OURS else f"{cell}, same"
    verb = "differs" if len(found.differs) == 1 else "differ"
    return f"{cell}, {len(found.differs)} {verb}: {row.why[library]}"


def _write_tokens(tokens: dict[str, dict[str, Tokens]]) -> str:
    lines = ["| call | payi_transport | OpenLLMetry | OpenInference |", "|---|--:|--:|--:|"]
    for call in SAME_CALLS:
        cells = [_write_count(call.case.name, library, tokens) for library in (OURS, *OTHERS)]
        provider = _PROVIDERS[call.case.name.partition("/")[0]]
        lines.append(f"| {provider}: {call.title} | {' | '.join(cells)} |")
    sums = [f"**{sum_tokens(tokens, library)}**" for library in (OURS, *OTHERS)]
    return "\n".join([*lines, f"| **sum** | {' | '.join(sums)} |"])


def _write_count(name: str, library: str, tokens: dict[str, dict[str, Tokens]]) -> str:
    numbers = [i for i, note in enumerate(CALL_NOTES.values(), 1) if (library, name) in note]
    marks = "".join(f" ({number})" for number in numbers)
    return f"{tokens[name][library]}{marks}"


if __name__ == "__main__":
    PAGE.write_text(write_page(make_spans()), "utf-8")
