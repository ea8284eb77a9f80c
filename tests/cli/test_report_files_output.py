"""A whole report in each form, with nothing left out and every figure under its own name."""

from __future__ import annotations

import csv
import io
import json

from payi_transport.cli.report_files import write_csv, write_json, write_markdown
from tests.cli.reports import COMMITTED, make_small_report

PERIOD = ["2026-11-01T12:00:00+00:00", "2026-11-02T12:00:00+00:00", "UTC"]
HEAD = {
    "by": "tag",
    "currency": "USD",
    "zone": "UTC",
    "since": "2026-11-01T12:00:00+00:00",
    "until": "2026-11-02T12:00:00+00:00",
    "first_call": "2026-11-01T12:00:00+00:00",
    "last_call": "2026-11-01T12:00:00+00:00",
    "price_list": "genai-prices 1.2.3",
    "overlaps": True,
    "commitments": [
        {
            "name": "ptu",
            "hours": "2.5",
            "cost": "50",
            "capacity_tokens": 12000,
            "unused_cost": "20",
            "parts": [
                {"name": "a", "tokens": 3000, "cost": "10"},
                {"name": None, "tokens": 4000, "cost": "20"},
            ],
        }
    ],
    "skipped": 1,
    "repeats": 2,
    "untimed": 0,
    "lost": 0,
    "unobserved": 0,
}
GROUP = {
    "name": "a",
    "calls": 2,
    "errors": 0,
    "cost": "6.75",
    "cost_before": "5",
    "calls_before": 1,
    "unpriced_calls": 0,
    "partial_calls": 1,
    "unpriced_tokens": 50,
    "included_calls": 0,
    "missing_usage": 0,
    "missing_fields": {},
    "cut_streams": 0,
    "input_tokens": 2000060,
    "output_tokens": 307,
    "latency_p50_ms": 80,
    "latency_p95_ms": 1200,
    "units": {
        "text": {"input": 2000010, "input_cost": "5", "output": 300, "output_cost": "1.5"},
        "text_cache_read": {"input": 50, "input_cost": None},
        "image": {"output": 7, "output_cost": "0.25"},
    },
    "sources": {"list": "6.75"},
    "assumed": {"n": "1.5"},
}
CALLS = """\
tag    calls errors cost_usd cost_before_usd calls_before unpriced_calls partial_calls unpriced_tokens
a      2     0      6.75     5               1            0              1             50
b      2     1      2        0               0            1              0             10
a      .     .      10       .               .            .              .             .
none   .     .      20       .               .            .              .             .
unused .     .      20       .               .            .              .             .
"""
REST = """\
included_calls missing_usage cut_streams input_tokens output_tokens latency_p50_ms latency_p95_ms
0              0             0           2000060      307           80             1200
0              0             0           20           0             80             80
.              .             .           .            .             .              .
.              .             .           .            .             .              .
.              .             .           .            .             .              .
"""
WORDS = {".": "", "none": "(none)", "unused": "(not used)"}
MARKDOWN = """\
**Calls by tag, 2026-11-01 12:00 to 2026-11-02 12:00 (UTC)**

| Tag | Cost | Unpriced | Change | Calls | Errors | Input | Output | p50 ms | p95 ms |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
| a | $6.75 | 1 | +35% | 2 | 0 | 2,000,060 | 307 | 80 | 1,200 |
| b | $2.00 | 1 | new | 2 | 1 | 20 | 0 | 80 | 80 |
| **Total** | $6.75 | 2 | +35% | 3 | 1 | 2,000,070 | 307 | 80 | 1,200 |

Commitment ptu, beside the costs above:

| tag | Tokens | Cost |
|---|--:|--:|
| (none) | 4,000 | $20.00 |
| a | 3,000 | $10.00 |
| (not used) | 5,000 | $20.00 |
| Total of 2.5 hours |  | $50.00 |

- Costs are estimates, in US dollars: the price list ($6.75). The list is genai-prices 1.2.3.
- Changes are since the period before, 2026-10-31 12:00 to 2026-11-01 12:00: $5.00 for 1 call.
- Not in the costs: 1 call without a price and 1 call with a price for some units only, 60 tokens in all.
  - 1 call: no model
  - 1 call: text\\_cache\\_read input: no rate is known
- Rates that were not its own: n ($1.50).
- Calls with several tags stand in each of their rows. The total counts every call once.
- Left out 2 events that had been read before.
- Skipped 1 item that isn't an event.
"""


def test_json_has_each_figure_under_its_name() -> None:
    made = json.loads(write_json(make_small_report(), COMMITTED))
    assert {name: value for name, value in made.items() if name not in ("groups", "notes", "total")} == HEAD
    assert made["groups"][0] == GROUP
    assert made["total"]["units"]["text"] == {
        "input": 2_000_020,
        "input_cost": "5",
        "output": 300,
        "output_cost": "1.5",
    }
    assert list(made["total"]["units"]) == ["text", "text_cache_read", "image"]
    assert len(made["notes"]) == 9 and "1 call: no model" in made["notes"]


def test_json_is_indented_for_people() -> None:
    assert write_json(make_small_report(), COMMITTED).startswith('{\n  "by": "tag",\n  "currency": "USD",')


def test_csv_has_each_figure_in_its_column() -> None:
    rows = list(csv.reader(io.StringIO(write_csv(make_small_report(), COMMITTED))))
    heading = ["period_start", "period_end", "zone", "commitment"]
    ends = [heading, *[[*PERIOD, name] for name in ("", "", "ptu", "ptu", "ptu")]]
    for row, left, right, end in zip(rows, CALLS.splitlines(), REST.splitlines(), ends, strict=True):
        assert row == [*[WORDS.get(cell, cell) for cell in f"{left} {right}".split()], *end]


def test_markdown_is_a_table_then_commitments_then_notes() -> None:
    assert write_markdown(make_small_report(), COMMITTED) == MARKDOWN
