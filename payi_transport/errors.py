"""What this library raises.

    PayiError
    └── PayiConfigError (also a ValueError)   bad user input, told at once

Nothing here is ever raised from a provider call: a fault on that path is counted and logged instead.
"""

from __future__ import annotations

__all__ = ["PayiConfigError", "PayiError"]


class PayiError(Exception):
    """The base of all errors of this library."""


class PayiConfigError(PayiError, ValueError):
    """An argument or a configuration value that cannot be used; the message names it and what is accepted."""
