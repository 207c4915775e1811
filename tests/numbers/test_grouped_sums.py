"""Sums by slice: lane by lane the same integers as the exact sum of the rows of each slice alone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losscli.numbers.bins import Bins
from losscli.numbers.confusion import Confusion
from losscli.numbers.exact import ExactSum
from losscli.numbers.grouped_sums import GroupedSums
from losscli.numbers.states import STATES, merged_groups, state_kind
from losscli.numbers.values import Values

SLICES = 5
wild = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-10.0, 10.0),
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 2.0**960, -(2.0**959), 2.0**-937, 1.7e308]),
)
rows = st.lists(st.tuples(wild, wild, st.integers(0, SLICES - 1)), max_size=40)


def parts(drawn):
    x, y, codes = (np.array(column) for column in zip(*drawn, strict=True)) if drawn else (np.zeros(0),) * 3
    return x, y, codes.astype(np.int64)


@given(rows, st.integers(0, 40))
def test_each_slice_has_the_exact_sum_of_its_rows_however_they_are_cut(drawn, cut):
    x, y, codes = parts(drawn)
    sums = GroupedSums.of(x[:cut], codes[:cut], SLICES).merge(
        GroupedSums.of(x[cut:], codes[cut:], SLICES + 2)
    )
    products = GroupedSums.of_products(x[:cut], y[:cut], codes[:cut], SLICES).merge(
        GroupedSums.of_products(x[cut:], y[cut:], codes[cut:], SLICES)
    )
    triples = GroupedSums.of_triples(x, y, x, codes, SLICES)
    for code in range(SLICES):
        here = codes == code
        assert sums.at(code) == ExactSum.of(x[here])
        assert products.at(code) == ExactSum.of_products(x[here], y[here])
        assert triples.at(code) == ExactSum.of_triples(x[here], y[here], x[here])


@pytest.mark.parametrize("scale", [1.0, 2.0**-900, 2.0**900, 1e-300, 1e300])
def test_long_columns_of_any_scale_have_exact_sums(scale):
    rng = np.random.default_rng(7)
    x = rng.normal(size=200_000) * scale * 10.0 ** rng.integers(-6, 6, 200_000)
    codes = rng.integers(0, 37, 200_000)
    found = GroupedSums.of(x, codes, 37)
    assert all(found.at(code) == ExactSum.of(x[codes == code]) for code in range(37))


def test_lanes_that_are_full_carry():
    x, codes = np.array([np.nextafter(2.0**44, 0.0), -0.1]), np.array([0, 1])
    found = GroupedSums.of(x, codes, 2)
    wanted = [ExactSum.of(x[:1]), ExactSum.of(x[1:])]
    for _ in range(40):  # 2^40 rows: without a carry int64 would have wrapped
        found = found.merge(found)
        wanted = [held.merge(held) for held in wanted]
    assert [found.at(0), found.at(1)] == wanted


def test_the_columns_are_not_touched():
    x, codes = np.array([1.0, -0.1, 3e300]), np.array([0, 1, 1])
    GroupedSums.of_products(x, x, codes, 2)
    assert x.tolist() == [1.0, -0.1, 3e300]


KINDS = [name for name in STATES if name != "confusion" and not issubclass(state_kind(name), Values)]
"""Kinds whose states are compared as they are; of those that keep rows `test_order` does it."""


def drawn_state(name, weighted):
    """What makes states of a kind of some of 500 rows, and the group of each row."""
    rng = np.random.default_rng(3)
    kind = state_kind(name)
    width = 1 + max((at for _, places in getattr(kind, "LAYOUT", ()) for at in places), default=1)
    columns = [rng.normal(size=500) * 10.0 ** rng.integers(-3, 3, 500) for _ in range(width)]
    if issubclass(kind, Bins):
        columns.insert(0, rng.integers(0, 15, 500))
    if name == "counted_scores":
        columns = [columns[0], columns[1] > 0.0]
    weight = rng.random(500) if weighted else None
    codes = np.where(rng.random(500) < 0.9, rng.integers(0, 7, 500), 9)  # 7 and 8 have no rows

    def of(rows, *, grouped=True):
        held = None if weight is None else weight[rows]
        more = (codes[rows], int(codes[rows].max()) + 1) if grouped else ()
        return kind.of([c[rows] for c in columns], held, None, *more)

    return of, codes


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_a_state_by_group_is_that_of_the_rows_of_each_group(name, weighted):
    of, codes = drawn_state(name, weighted)
    found = of(np.arange(100)).merge(of(np.arange(100, 500)))
    for code in range(12):
        here = np.flatnonzero(codes == code)
        if len(here):
            assert found.at(code) == of(here, grouped=False)
        else:
            assert found.at(code).rows == 0
    assert merged_groups(found, 10) == of(np.arange(500), grouped=False)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_groups_at_one_place_are_merged(name, weighted):
    of, codes = drawn_state(name, weighted)
    found = of(np.arange(500)).regrouped(np.array([2, 9, 0, 11, 5]), np.array([1, 0, 1, 0, 2]), 4)
    for place, together in enumerate([[9], [0, 2], [5]]):
        assert found.at(place) == of(np.flatnonzero(np.isin(codes, together)), grouped=False)
    assert found.at(3).rows == 0


def table_of(label, pred, weight):
    """The exact weight of every pair, counted row by row."""
    cells = {}
    for pair, w in zip(zip(label, pred, strict=True), weight, strict=True):
        cells[pair] = cells.get(pair, Fraction(0)) + Fraction(w)
    return cells


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [(0, 1), (-3, 2**53), tuple(range(40)), (7, 2**62, -(2**62))])
@settings(max_examples=40)
@given(data=st.data())
def test_the_table_of_classes_of_each_slice_counts_its_rows_however_they_are_cut(classes, weighted, data):
    """The codes of names are those of their block: the same class has another code in the next one."""
    row = st.tuples(
        st.sampled_from(classes), st.sampled_from(classes), st.integers(0, 70_000), st.floats(0.5, 2.0)
    )
    named = data.draw(st.booleans())
    held, wanted = None, {}
    for _ in range(3):
        drawn = data.draw(st.lists(row, min_size=1, max_size=12))
        label, pred, codes, weight = (list(column) for column in zip(*drawn, strict=True))
        for code in set(codes):
            here = [at for at, other in enumerate(codes) if other == code]
            own = table_of(
                *([column[at] for at in here] for column in (label, pred)),
                [weight[at] if weighted else 1 for at in here],
            )
            for pair, w in own.items():
                told = tuple(str(c) for c in pair) if named else pair
                wanted.setdefault(code, {}).setdefault(told, Fraction(0))
                wanted[code][told] += w
        names = None
        if named:
            order = data.draw(st.permutations(sorted({*label, *pred})))
            names = tuple(str(c) for c in order)
            label, pred = ([order.index(c) for c in column] for column in (label, pred))
        block = Confusion.of(
            [np.array(label), np.array(pred)], np.array(weight) if weighted else None, names,
            np.array(codes), max(codes) + 1,
        )  # fmt: skip
        held = block if held is None else held.merge(block)
    for code, cells in wanted.items():
        state = held.at(code)
        assert {pair: sum.fraction for pair, sum in state.cells.items()} == cells
        assert state.weight.fraction == sum(cells.values())
    absent = next(code for code in range(70_001) if code not in wanted)
    assert held.at(absent).rows == 0
    assert held.at(70_001).rows == 0
