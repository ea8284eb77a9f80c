"""What a child of `multiprocessing` runs first: it reports its calls as its parent does.

`api.child_start` adds an entry to the data that such a child reads first, and reading it runs this file with
`carried` among its names. It is not imported, so that a child without HTTP does not import the package.
"""

from __future__ import annotations

import contextlib
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    carried = b""


def _instrument() -> None:
    from payi_transport.api.instrument import instrument_child

    instrument_child(carried)


# A child must start whatever happens here.
with contextlib.suppress(Exception):
    first_import = runpy.run_path(str(Path(__file__).parent / "first_import.py"))
    first_import["instrument_at_first_import"](_instrument)
