from __future__ import annotations

from tests.contrib.calls import instrumented

__all__ = ["instrumented"]
