"""Print what the doctor found, errors last, so that they are what stays on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from payi_transport.cli.doctor import Finding
from payi_transport.reports.formats import say_count

__all__ = ["print_findings"]

_MARKS = {
    "ok": ("ok", "green"),
    "note": ("note", "dim"),
    "warning": ("warn", "yellow"),
    "error": ("ERROR", "bold red"),
}


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    """Print a line for each finding, and how many are errors and warnings."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in sorted(findings, key=lambda finding: finding.level == "error"):
        mark, style = _MARKS[finding.level]
        table.add_row(Text(mark, style), Text(finding.subject), Text(finding.text))
    console.print(table)
    errors, warnings = (sum(finding.level == level for finding in findings) for level in ("error", "warning"))
    console.print()
    if errors:
        console.print(Text(f"{say_count(errors, 'problem')} would keep events from arriving.", "bold red"))
    else:
        more = f" {say_count(warnings, 'warning')} above." if warnings else ""
        console.print(Text(f"Nothing keeps events from arriving.{more}", "green"))
