"""Random numbers that leave those of the program alone.

A program that calls `random.seed(7)` expects the same numbers in each run. If this library drew from the
generator of the `random` module, at times of its own and on threads of its own, the program would get others.
The operating system's generator has no state, so forked processes don't all draw the same numbers either.
"""

from __future__ import annotations

import random

__all__ = ["own_random"]

own_random = random.SystemRandom()
