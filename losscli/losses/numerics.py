"""Differences of near-equal terms, formed once so that every loss has them right."""

from __future__ import annotations

from losscli.loss import Column


def difference(one: Column, other: Column) -> tuple[Column, Column]:
    """``one - other`` rounded, and exactly what the rounding lost (Knuth's two-sum)."""
    near = one - other
    back = near - one
    lost = (one - (near - back)) - (other + back)
    return near, lost
