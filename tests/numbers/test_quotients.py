"""Quotients of many groups at once are those of the exact sums of each group alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from losscli.numbers.exact import exact_quotient
from losscli.numbers.grouped_sums import GroupedSums
from losscli.numbers.quotients import quotients

GROUPS = 4
wild = st.one_of(
    st.floats(allow_nan=False, allow_infinity=True),
    st.floats(-10.0, 10.0),
    st.integers(-(2**54), 2**54).map(float),
    st.sampled_from([0.0, -0.0, 5e-324, 2.0**52 + 1, -(2.0**53 - 1), 2.0**960, 2.0**-937, 1.7e308]),
)
weights = st.one_of(st.floats(0.0, 3.0), st.sampled_from([0.0, 1.0, 2.0**-1074, 2.0**-500, 2.0**600]))


def as_one_by_one(numerator: GroupedSums, denominator: GroupedSums, groups: int) -> list[float]:
    whole = [(numerator.at(group), denominator.at(group)) for group in range(groups)]
    return [exact_quotient(over, under) if under.units else math.nan for over, under in whole]


def same(found: np.ndarray, wanted: list[float]) -> bool:
    return [value.hex() for value in found.tolist()] == [value.hex() for value in wanted]


@given(st.lists(st.tuples(wild, st.integers(0, GROUPS - 1)), max_size=40), st.integers(0, 40))
def test_means_of_groups_are_rounded_once(drawn, cut):
    x, codes = np.array([value for value, _ in drawn]), np.array([code for _, code in drawn], np.int64)
    sums = GroupedSums.of(x[:cut], codes[:cut], 2 + int(codes[:cut].max(initial=0))).merge(
        GroupedSums.of(x[cut:], codes[cut:], GROUPS)
    )
    rows = GroupedSums.of_counts(np.bincount(codes, minlength=GROUPS))
    assert same(quotients(sums, rows, GROUPS), as_one_by_one(sums, rows, GROUPS))


@given(st.lists(st.tuples(wild, weights, st.integers(0, GROUPS - 1)), max_size=30))
def test_weighted_means_of_groups_are_rounded_once(drawn):
    x, w, codes = (np.array([row[at] for row in drawn]) for at in range(3))
    codes = codes.astype(np.int64)
    products, total = GroupedSums.of_products(w, x, codes, GROUPS), GroupedSums.of(w, codes, GROUPS)
    assert same(quotients(products, total, GROUPS), as_one_by_one(products, total, GROUPS))


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_few_of_many_means_are_divided_as_integers(scale, monkeypatch):
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 5000, 60_000)
    sums = GroupedSums.of(rng.normal(size=60_000) * scale, codes, 5000)
    rows = GroupedSums.of_counts(np.bincount(codes, minlength=5000))
    wanted = as_one_by_one(sums, rows, 5000)
    divided = []
    monkeypatch.setattr(
        "losscli.numbers.quotients.exact_quotient",
        lambda *sums: divided.append(sums) or exact_quotient(*sums),
    )
    assert same(quotients(sums, rows, 5000), wanted)
    assert len(divided) < 5000 / 40
