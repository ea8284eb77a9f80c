"""Whatever a program does with the library, and in which order, the account always adds up.

The long run, of 10,000 programs: `PAYI_FUZZ_RUNS=10000 python -m pytest tests/test_any_order.py`.
"""

from __future__ import annotations

import subprocess
import sys

from tests.support.programs import ROOT


def test_the_account_adds_up_in_any_order() -> None:
    command = [sys.executable, "-m", "tests.support.any_order"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
