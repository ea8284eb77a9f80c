"""A report for other programs: as JSON, as CSV, and as Markdown for a message or a page.

Amounts have all their digits in JSON and CSV, as texts without exponents. CSV has no total, which a sheet
would add to itself. What commitments cost is in rows of its own there, with the name of the commitment.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from payi_transport.cli.report_notes import Reading, list_notes, make_title, name_zone
from payi_transport.cli.report_rows import (
    NONE,
    UNUSED,
    find_cost,
    list_columns,
    list_commitment_rows,
    list_rows,
    make_cells,
    name_group,
)
from payi_transport.reports.commitments import Commitment
from payi_transport.reports.formats import format_exact
from payi_transport.reports.report import Group, Report
from payi_transport.reports.summary import Summary

__all__ = ["write_csv", "write_json", "write_markdown"]

# Characters at the start of a cell that a spreadsheet takes for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_json(report: Report, reading: Reading) -> str:
    """Return the whole report as an indented JSON object."""
    made = {
        "by": ",".join(report.by),
        "currency": "USD",
        "zone": name_zone(reading),
        "since": _write_time(report.window.start, reading),
        "until": _write_time(report.window.end, reading),
        "first_call": _write_time(report.first, reading),
        "last_call": _write_time(report.last, reading),
        "price_list": reading.list_version,
        "overlaps": report.overlaps,
        "total": _describe(report.total),
        "groups": [_describe(group) for group in report.groups],
        "commitments": [_describe_commitment(one) for one in reading.commitments],
        "skipped": reading.skipped,
        "repeats": reading.repeats,
        "untimed": report.untimed,
        "lost": sum(reading.counts.lost.values()),
        "unobserved": sum(reading.counts.unobserved.values()),
        "notes": [note.strip() for note in list_notes(report, reading)],
    }
    return msgspec.json.format(msgspec.json.encode(made)).decode()


def write_csv(report: Report, reading: Reading) -> str:
    """Return the groups as CSV: with two dimensions, those of the second one."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    start = _write_time(report.window.start or report.first, reading) or ""
    end = _write_time(report.window.end or report.last, reading) or ""
    period = (start, end, name_zone(reading))
    figures = [name for name in _make_figures(report.total) if name not in _NESTED]
    names = [f"{name}_usd" if name.startswith("cost") else name for name in figures]
    writer.writerow([*report.by, *names, "period_start", "period_end", "zone", "commitment"])
    for group in report.groups:
        for inner in group.groups or (group,):
            path = [group] if inner is group else [group, inner]
            made = _make_figures(inner)
            labels = [_defuse(name_group(one)) for one in path]
            cells = ["" if made[name] is None else made[name] for name in figures]
            writer.writerow([*labels, *[""] * (len(report.by) - len(labels)), *cells, *period, ""])
    for commitment in reading.commitments:
        for name, amount in [*commitment.parts.items(), (UNUSED, commitment.unused)]:
            cells = [""] * len(names)
            cells[names.index("cost_usd")] = format_exact(amount)
            labels = [_defuse(name or NONE), *[""] * (len(report.by) - 1)]
            writer.writerow([*labels, *cells, *period, _defuse(commitment.name)])
    return text.getvalue()


def write_markdown(report: Report, reading: Reading) -> str:
    """Return the report as a table in Markdown, with its title and its notes."""
    columns = list_columns(report)
    lines = [
        f"**{_escape(make_title(report, reading))}**",
        "",
        f"| {' | '.join([report.by[0].replace('_', ' ').capitalize(), *columns])} |",
        f"|---{'|--:' * len(columns)}|",
    ]
    for row in list_rows(report):
        name = _escape(row.name)
        name = f"**{name}**" if row.is_total or row.group.groups else name
        indent = "&emsp;" * row.depth
        lines.append(f"| {' | '.join([indent + name, *make_cells(row.group, columns)])} |")
    for commitment in reading.commitments:
        lines += ["", f"Commitment {_escape(commitment.name)}, beside the costs above:", ""]
        lines += [f"| {_escape(report.by[0])} | Tokens | Cost |", "|---|--:|--:|"]
        lines += [
            f"| {_escape(name)} | {tokens} | {cost} |"
            for name, tokens, cost in list_commitment_rows(commitment)
        ]
    notes = [
        f"{'  ' if note.startswith(' ') else ''}- {_escape(note.strip())}"
        for note in list_notes(report, reading)
    ]
    return "\n".join([*lines, "", *notes]) + "\n"


def _describe_commitment(commitment: Commitment) -> dict[str, Any]:
    return {
        "name": commitment.name,
        "hours": format_exact(commitment.hours),
        "cost": format_exact(commitment.cost),
        "capacity_tokens": commitment.capacity,
        "unused_cost": format_exact(commitment.unused),
        "parts": [
            {"name": name, "tokens": commitment.tokens[name], "cost": format_exact(amount)}
            for name, amount in commitment.parts.items()
        ],
    }


_NESTED = ("units", "sources", "assumed", "missing_fields")


def _describe(group: Group) -> dict[str, Any]:
    made: dict[str, Any] = {"name": group.name, **_make_figures(group)}
    if group.others:
        made["others"] = group.others
    if group.groups:
        made["groups"] = [_describe(inner) for inner in group.groups]
    return made


def _make_figures(group: Group) -> dict[str, Any]:
    summary, before = group.summary, group.before
    cost = find_cost(summary)
    return {
        "calls": summary.calls,
        "errors": summary.errors,
        "cost": None if cost is None else format_exact(cost),
        "cost_before": None if before is None else format_exact(before.cost),
        "calls_before": None if before is None else before.calls,
        "unpriced_calls": summary.unpriced,
        "partial_calls": summary.partial,
        "unpriced_tokens": summary.count_unpriced_tokens(),
        "included_calls": summary.included,
        "missing_usage": summary.missing,
        "missing_fields": dict(summary.missing_fields),
        "cut_streams": summary.cut,
        "input_tokens": summary.count_tokens("input"),
        "output_tokens": summary.count_tokens("output"),
        "latency_p50_ms": summary.find_latency(50),
        "latency_p95_ms": summary.find_latency(95),
        "units": _describe_units(summary),
        "sources": {name: format_exact(amount) for name, amount in summary.sources.items()},
        "assumed": {note: format_exact(amount) for note, amount in summary.assumed.items()},
    }


def _describe_units(summary: Summary) -> dict[str, dict[str, Any]]:
    units: dict[str, dict[str, Any]] = {}
    # Text makes up most of a bill, so it comes first.
    for (name, direction), sums in sorted(
        summary.units.items(), key=lambda row: (not row[0][0].startswith("text"), row[0])
    ):
        unit = units.setdefault(name, {})
        unit[direction] = sums.count
        unit[f"{direction}_cost"] = None if sums.unpriced == sums.count else format_exact(sums.cost)
    return units


def _write_time(moment: Any, reading: Reading) -> str | None:
    return None if moment is None else moment.astimezone(reading.zone).isoformat(timespec="seconds")


def _defuse(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name


def _escape(text: str) -> str:
    """Return text that Markdown shows as it is, in one line."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|" else letter for letter in shown)
