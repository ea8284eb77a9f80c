"""Rings of numbers, and what they wake."""

from __future__ import annotations

from payi_transport.delivery.ring import Ring

__all__ = ["Wakes", "items_of", "make_ring"]


class Wakes:
    """A wake function that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1


def make_ring(
    capacity: int = 1 << 20, max_bytes: int = 1 << 40, max_batch: int = 1 << 20
) -> tuple[Ring[int], Wakes]:
    wakes = Wakes()
    return Ring(capacity, max_bytes, max_batch, wakes), wakes


def items_of(ring: Ring[int], most: int = 1 << 30) -> list[int]:
    return [ticketed.item for ticketed in ring.drain(most)]
