"""A report as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

from payi_transport.cli.report_files import write_csv, write_json, write_markdown
from payi_transport.reports.window import ALWAYS
from tests.cli.reports import READING, make_full_report


def test_json_has_every_figure_with_all_its_digits() -> None:
    made = json.loads(write_json(make_full_report("resource,user"), READING))
    assert (made["by"], made["currency"], made["zone"]) == ("resource,user", "USD", "UTC")
    assert (made["since"], made["until"]) == ("2026-11-01T12:00:00+00:00", "2026-11-02T12:00:00+00:00")
    assert (made["skipped"], made["repeats"], made["untimed"], made["overlaps"]) == (1, 2, 1, False)
    groups = {group["name"]: group for group in made["groups"]}
    assert groups["=1+1"]["cost"] == "0.00002"
    assert groups["gpt-5"]["cost_before"] == "1000"
    assert groups["x|y\x1b[2J"]["cost"] is None
    assert groups["gpt-5"]["units"] == {"text": {"input": 10, "input_cost": "1234.5"}}
    assert groups["gpt-5"]["groups"][0]["name"] == "u"
    total = sum(Decimal(group["cost"] or 0) for group in made["groups"])
    assert Decimal(made["total"]["cost"]) == total
    assert made["total"]["assumed"] == {"n": "2"}
    assert "1 call: r0" in made["notes"]


def test_json_says_how_many_groups_stand_in_one_row() -> None:
    made = json.loads(write_json(make_full_report(top=1, window=ALWAYS), READING))
    assert [group.get("others") for group in made["groups"]] == [None, 4]
    assert made["since"] is None
    unpriced = json.loads(write_json(make_full_report(), READING))["groups"]
    assert {"input": 40, "input_cost": None} in [group["units"].get("text") for group in unpriced]


def test_csv_has_the_rows_without_a_total_and_no_formulas() -> None:
    rows = list(csv.DictReader(io.StringIO(write_csv(make_full_report(), READING))))
    by_name = {row["resource"]: row for row in rows}
    assert by_name["'=1+1"]["cost_usd"] == "0.00002"
    assert by_name["gpt-5"]["cost_before_usd"] == "1000"
    assert by_name["x|y\x1b[2J"]["cost_usd"] == ""
    assert by_name["gpt-5"]["period_start"] == "2026-11-01T12:00:00+00:00"
    assert by_name["gpt-5"]["zone"] == "UTC"
    assert "Total" not in by_name
    two = list(csv.reader(io.StringIO(write_csv(make_full_report("resource,user", window=ALWAYS), READING))))
    assert two[0][:2] == ["resource", "user"]
    assert ["gpt-5", "u"] in [row[:2] for row in two]
    cut = list(csv.reader(io.StringIO(write_csv(make_full_report("resource,user", 1, ALWAYS), READING))))
    assert cut[-1][:2] == ["(4 others)", ""]


def test_markdown_has_a_table_and_the_notes() -> None:
    lines = write_markdown(make_full_report("resource,user"), READING).splitlines()
    assert lines[0] == "**Calls by resource and user, 2026-11-01 12:00 to 2026-11-02 12:00 (UTC)**"
    assert lines[2].startswith("| Resource | Cost | Included | Unpriced | Change | Calls |")
    assert lines[4].startswith("| **gpt-5** | $1,234 |")
    assert lines[5].startswith("| &emsp;u | $1,234 |")
    # What would end a cell, or be markup, is shown as it is.
    assert any(line.startswith("| **x\\|y \\[2J** |") for line in lines)
    assert any(line.startswith("| **Total** |") for line in lines)
    assert "  - 1 call: r0" in lines
