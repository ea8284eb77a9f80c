"""What a file of captured events says: calls, units, errors and latency, group by group.

Reads the files of this library's offline sink and those of the `payi` SDK, which have the same fields.
Nothing in a file is trusted: a field that is missing, null or of another type counts as not there.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich import box
from rich.console import Console, JustifyMethod, RenderableType
from rich.console import Group as Lines
from rich.table import Table
from rich.text import Text

from payi_transport.errors import PayiError
from payi_transport.providers.reading.counts import count, section
from payi_transport.values.event import Units
from payi_transport.values.names import STATUS_NO_ANSWER, PayiPropertyNames

__all__ = ["GROUPINGS", "Call", "Capture", "Figures", "Report", "draw", "make_report", "read_capture"]

# What calls can be grouped by, and the field of an event that says it.
GROUPINGS = {
    "category": "category",
    "resource": "resource",
    "use_case": "use_case_name",
    "user": "user_id",
}


class _Packet(msgspec.Struct):
    """What is read of an event in a file."""

    category: Any = None
    resource: Any = None
    use_case_name: Any = None
    user_id: Any = None
    units: Any = None
    http_status_code: Any = None
    end_to_end_latency_ms: Any = None
    properties: Any = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One captured call. `latency_ms` is None where the file has none."""

    category: str | None = None
    resource: str | None = None
    use_case_name: str | None = None
    user_id: str | None = None
    failed: bool = False
    latency_ms: int | None = None
    units: Mapping[str, Units] = {}


class Capture(NamedTuple):
    """The calls of a file, and how many of its items are no event at all."""

    calls: Sequence[Call]
    skipped: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What the calls of a group add up to. `name` is None for calls without one, and for the total.

    Percentiles are by nearest rank: so many percent of the calls took that long or less. Milliseconds.
    """

    name: str | None
    calls: int
    errors: int
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    units: Mapping[str, Units]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Groups with the most calls first. `skipped` counts the items of the file that were no events."""

    by: str
    groups: tuple[Figures, ...]
    total: Figures
    skipped: int

    def to_json(self) -> bytes:
        """The report as an indented JSON object."""
        return msgspec.json.format(msgspec.json.encode(self))


_items = msgspec.json.Decoder(list[msgspec.Raw])
_packet = msgspec.json.Decoder(_Packet)
# Nesting without end and text that is no UTF-8 are told by these two.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_capture(path: Path) -> Capture:
    """The calls in a file. Raises PayiError for a file that can't be read or holds no JSON array."""
    try:
        items = _items.decode(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except OSError as exc:
        raise PayiError(f"{path} can not be read: {exc.strerror}") from None
    except msgspec.ValidationError:
        raise PayiError(f"{path} holds no JSON array; expected a file of offline_instrumentation") from None
    except _UNREADABLE:
        raise PayiError(f"{path} is no JSON; expected a file of offline_instrumentation") from None
    calls = [call for item in items if (call := _read_call(item)) is not None]
    return Capture(calls, len(items) - len(calls))


def make_report(capture: Capture, by: str = "resource") -> Report:
    """Add up the calls by one of GROUPINGS."""
    groups: dict[str | None, list[Call]] = {}
    for call in capture.calls:
        groups.setdefault(getattr(call, GROUPINGS[by]), []).append(call)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0] is None, group[0] or ""))
    return Report(
        by=by,
        groups=tuple(_add_up(name, calls) for name, calls in ordered),
        total=_add_up(None, capture.calls),
        skipped=capture.skipped,
    )


def _read_call(item: msgspec.Raw) -> Call | None:
    """The call of an event, None for what is none: every event has a category and units."""
    try:
        fields = msgspec.structs.asdict(_packet.decode(item))
    except _UNREADABLE:
        return None
    if fields["category"] is None and fields["units"] is None:
        return None
    return Call(
        **{field: _text(fields[field]) for field in GROUPINGS.values()},
        failed=_has_failed(fields),
        latency_ms=_milliseconds(fields["end_to_end_latency_ms"]),
        units=_read_units(section(fields, "units")),
    )


def _has_failed(fields: Mapping[str, Any]) -> bool:
    status = count(fields, "http_status_code") or 0
    failure = section(fields, "properties").get(PayiPropertyNames.failure)
    return status >= 400 or status == STATUS_NO_ANSWER or bool(failure)


def _read_units(units: Mapping[str, Any]) -> dict[str, Units]:
    return {
        name: Units(input=count(unit, "input"), output=count(unit, "output"))
        for name, unit in units.items()
        if isinstance(unit, dict)
    }


def _text(value: Any) -> str | None:
    return value if value and isinstance(value, str) else None


def _milliseconds(value: Any) -> int | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return round(value) if known and value >= 0 and math.isfinite(value) else None


def _add_up(name: str | None, calls: Sequence[Call]) -> Figures:
    latencies = sorted(call.latency_ms for call in calls if call.latency_ms is not None)
    return Figures(
        name=name,
        calls=len(calls),
        errors=sum(call.failed for call in calls),
        latency_p50_ms=_percentile(latencies, 50),
        latency_p95_ms=_percentile(latencies, 95),
        units=_add_units(calls),
    )


def _percentile(ordered: Sequence[int], percent: int) -> int | None:
    """By nearest rank."""
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else None


def _add_units(calls: Iterable[Call]) -> dict[str, Units]:
    sums: dict[str, Units] = {}
    for call in calls:
        for name, units in call.units.items():
            so_far = sums.get(name, Units())
            sums[name] = Units(_add(so_far.input, units.input), _add(so_far.output, units.output))
    # Text is what most of the bill is.
    return dict(sorted(sums.items(), key=lambda unit: (not unit[0].startswith("text"), unit[0])))


def _add(left: int | None, right: int | None) -> int | None:
    return right if left is None else left + (right or 0)


# Narrower than this, folded names can't be read.
_NAME_WIDTH = 12


def draw(report: Report, console: Console) -> None:
    """Print a report: as a table, or as a list where the terminal is too narrow for that."""
    if not report.total.calls:
        console.print("The file holds no calls.")
    else:
        narrowest = _make_table(report, _NAME_WIDTH)
        needs = console.measure(narrowest, options=console.options.update(max_width=10_000)).minimum
        console.print(_make_table(report) if needs <= console.width else _make_list(report))
    if report.skipped:
        console.print(f"{report.skipped:,} items of the file are no events and are left out.")


def _make_table(report: Report, name_width: int | None = None) -> Table:
    """A line for each unit, so that the width stays the same however many units there are."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column(report.by.replace("_", " ").capitalize(), overflow="fold", width=name_width)
    for heading in ("Calls", "Errors", "p50 ms", "p95 ms", "Unit", "In", "Out"):
        # The width of a heading of two words is taken for that of one of them unless it is said.
        justify: JustifyMethod = "left" if heading == "Unit" else "right"
        table.add_column(heading, justify=justify, no_wrap=True, min_width=len(heading))
    for name, figures, style in _named_figures(report):
        for row in _make_rows(name, figures):
            table.add_row(*row, style=style)
        table.add_section()
    return table


def _make_rows(name: Text, figures: Figures) -> Iterator[list[RenderableType]]:
    head: list[RenderableType] = [name, *map(_show, _measures(figures))]
    for unit, units in figures.units.items() or [("", Units())]:
        amounts = [_show(units.input), _show(units.output)] if unit else ["", ""]
        yield [*head, _printable(unit), *amounts]
        head = [""] * len(head)


def _make_list(report: Report) -> Lines:
    lines: list[RenderableType] = []
    for name, figures, style in _named_figures(report):
        calls, errors, p50, p95 = map(_show, _measures(figures))
        name.stylize(style or "bold")
        lines += [name, f"  calls {calls}, errors {errors}", f"  p50 {p50} ms, p95 {p95} ms"]
        for unit, units in figures.units.items():
            lines.append(_printable(f"  {unit}: in {_show(units.input)}, out {_show(units.output)}"))
    return Lines(*lines)


def _named_figures(report: Report) -> Iterator[tuple[Text, Figures, str | None]]:
    for group in report.groups:
        yield _printable(group.name or "(none)"), group, None
    yield Text("Total"), report.total, "bold"


def _measures(figures: Figures) -> tuple[int | None, ...]:
    return figures.calls, figures.errors, figures.latency_p50_ms, figures.latency_p95_ms


def _show(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _printable(text: str) -> Text:
    """Text of a file without what a terminal would obey, be it markup or an escape sequence."""
    return Text("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text))
