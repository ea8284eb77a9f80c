"""The validator of the FinOps Foundation accepts our files of FOCUS 1.2.

It needs Python 3.12 and versions of its packages that are not ours, so it runs in an environment of its own:

    uv venv --python 3.12 fv && uv pip install --python fv/bin/python --group focus
    PAYI_FOCUS_VALIDATOR=fv/bin/focus-validator python -m pytest tests/reports/test_focus_validator.py
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.focus_files import write_csv
from tests.reports.support import make_call

VALIDATOR = os.environ.get("PAYI_FOCUS_VALIDATOR")
RATES = {"text input": "0.000002", "text output": None}


@pytest.mark.skipif(VALIDATOR is None, reason="PAYI_FOCUS_VALIDATOR names no focus-validator")
def test_the_validator_objects_to_nothing_but_its_rule_of_unknown_invoices(tmp_path: Path) -> None:
    calls = [
        make_call({"text": (100, 10)}, RATES, account_name=account, category=category)
        for account in ("acme", None)
        for category in ("system.openai", "system.aws.bedrock", "custom")
    ]
    file = tmp_path / "focus.csv"
    file.write_text(write_csv(make_rows(calls, FocusOptions()), "1.2"))
    validator = Path(str(VALIDATOR)).absolute()
    # It reads files of its own by relative paths.
    packages = next(validator.parent.parent.glob("lib/python*/site-packages"))
    options = ["--data-file", str(file), "--validate-version", "1.2.0.1", "--block-download"]
    done = subprocess.run([validator, *options], cwd=packages, capture_output=True, text=True, check=False)
    totals = re.search(r"Pass: (\d+)", done.stdout)
    assert totals is not None, done.stdout + done.stderr
    assert int(totals[1]) > 100
    failed = [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith("- ")]
    # With an invoice's id, it objects to the opposite: it does not look at what an invoice covers.
    assert set(failed) <= {"- InvoiceId-C-005-C"}
