"""How far a rate differs between groups of rows, which a column names: ``demographic_parity:group=sex``."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from losscli.loss.declare import Codes, Column, Finished, Undefined, loss
from losscli.loss.domains import BINARY, CLASSES, UNIT, Unit
from losscli.losses.confusion import both_defined
from losscli.numbers.confusion import Confusion
from losscli.numbers.exact import round_fraction

NEGATIVE, FALSE_ALARM, MISS, HIT = OUTCOMES = range(4)
"""The outcomes of a row by its label and the class that is predicted: twice the label and the prediction."""

HARDT = "Hardt, Price & Srebro (2016), Advances in Neural Information Processing Systems 29, arXiv:1610.02413"


def outcomes(label: Column, pred: Column, group: Codes, *, threshold: Unit = 0.5) -> tuple[Codes, Codes]:
    """The group of each row and its outcome, to be counted in a table."""
    return group, 2 * (label == 1.0).astype(np.int64) + (pred > threshold)


def tabled(label: Sequence[int], pred: Sequence[int], group: Sequence[int]) -> Confusion:
    """The table of a few rows, for examples."""
    return Confusion.of(outcomes(np.array(label), np.array(pred), np.array(group)), None)


def groups_of(table: Confusion) -> list[int | str]:
    """The groups, in their order."""
    return [group for group, weight in table.label_weights.items() if weight]


def gap(table: Confusion, part: Sequence[int], whole: Sequence[int], lacking: str = "") -> Finished:
    """The greatest less the least share that outcomes have in others, over the groups."""
    rates = []
    for group in groups_of(table):
        among = sum((table.cell(group, outcome) for outcome in whole), Fraction(0))
        if not among:
            return Undefined(f"group `{group}` has no row whose {lacking}")
        rates.append(sum((table.cell(group, outcome) for outcome in part), Fraction(0)) / among)
    if len(rates) < 2:
        return Undefined("all rows are of one group, and a gap is between two")
    return max(rates) - min(rates)


def by_group(table: Confusion) -> dict[str, Any]:
    """What the rows of each group with each outcome weigh."""
    names = ("tn", "fp", "fn", "tp")
    cells = {
        str(group): [round_fraction(table.cell(group, outcome)) for outcome in OUTCOMES]
        for group in groups_of(table)
    }
    return {"by_group": {group: dict(zip(names, found, strict=True)) for group, found in cells.items()}}


group_gap = partial(
    loss,
    task="binary",
    of=outcomes,
    state="confusion",
    detail=by_group,
    label=BINARY,
    pred=UNIT,
    domains={"group": CLASSES},
    columns={"group": ("group",)},
)
SAMPLE = "sample_data/digits_facts.csv --label y_even --pred p_even --loss {}:group=y_loop"


@group_gap(
    aliases=("statistical_parity", "demographic_parity_difference", "statistical_parity_difference"),
    best=None,
    elicits="the same class for every row",
    reference="Calders & Verwer (2010), doi:10.1007/s10618-010-0190-x",
    sample=SAMPLE.format("demographic_parity"),
)
def demographic_parity(table: Confusion) -> Finished:
    """Gap between groups in the share of rows that are predicted positive.

        groups = sorted([g for y, f, g, w in rows if w > 0])
        called = [sum(w for y, f, g, w in rows if g == one and f > threshold) for one in groups]
        rates = [up / sum(w for y, f, g, w in rows if g == one) for up, one in zip(called, groups)]
        max(rates) - min(rates) if groups[0] < groups[-1] else 1 / 0

    The greatest rate less the least: 0 where every group has the same chance of being called positive,
    whatever the labels are; so a perfect model has a gap where groups differ in truth, which
    `equal_opportunity` forgives.  ``group`` names the column: ``demographic_parity:group=sex``.  With
    ``--by sex`` any other loss is shown for each group.

    >>> demographic_parity(tabled([1, 0, 1, 0], [1, 0, 1, 1], [5, 5, 7, 7]))
    Fraction(1, 2)
    """
    return gap(table, (HIT, FALSE_ALARM), OUTCOMES)


@group_gap(
    aliases=("equal_opportunity_difference", "true_positive_rate_difference"),
    elicits="the class of the label",
    reference=HARDT,
    sample=SAMPLE.format("equal_opportunity"),
)
def equal_opportunity(table: Confusion) -> Finished:
    """Gap between groups in the share of positives that are found.

        groups = sorted([g for y, f, g, w in rows if w > 0])
        found = [sum(w for y, f, g, w in rows if g == one and y == 1 and f > threshold) for one in groups]
        among = [sum(w for y, f, g, w in rows if g == one and y == 1) for one in groups]
        rates = [up / of for up, of in zip(found, among)]
        max(rates) - min(rates) if groups[0] < groups[-1] else 1 / 0

    The gap in `recall`: whoever deserves a positive answer should have the same chance of it in each group.
    It needs a positive label in every group.  ``group`` names the column: ``equal_opportunity:group=sex``.

    >>> equal_opportunity(tabled([1, 1, 1, 1], [1, 0, 1, 1], [5, 5, 7, 7]))
    Fraction(1, 2)
    """
    return gap(table, (HIT,), (HIT, MISS), "label is positive")


@group_gap(
    aliases=("false_positive_rate_difference",),
    elicits="the class of the label",
    reference="Corbett-Davies, Pierson, Feller, Goel & Huq (2017), doi:10.1145/3097983.3098095",
    sample=SAMPLE.format("predictive_equality"),
)
def predictive_equality(table: Confusion) -> Finished:
    """Gap between groups in the share of negatives that are called positive.

        groups = sorted([g for y, f, g, w in rows if w > 0])
        alarms = [sum(w for y, f, g, w in rows if g == one and y == 0 and f > threshold) for one in groups]
        among = [sum(w for y, f, g, w in rows if g == one and y == 0) for one in groups]
        rates = [up / of for up, of in zip(alarms, among)]
        max(rates) - min(rates) if groups[0] < groups[-1] else 1 / 0

    The gap in `fall_out`: where a positive answer is a burden, the innocent of each group should have the
    same chance of it.  It needs a negative label in every group.

    >>> predictive_equality(tabled([0, 0, 0, 0], [1, 0, 1, 1], [5, 5, 7, 7]))
    Fraction(1, 2)
    """
    return gap(table, (FALSE_ALARM,), (FALSE_ALARM, NEGATIVE), "label is negative")


@group_gap(
    aliases=("equalized_odds", "equalized_odds_difference", "equalised_odds_difference"),
    elicits="the class of the label",
    reference=HARDT,
    sample=SAMPLE.format("equalised_odds"),
)
def equalised_odds(table: Confusion) -> Finished:
    """Greater of two gaps between groups: positives found, negatives called.

        groups = sorted([g for y, f, g, w in rows if w > 0])
        rates = [[sum(w for y, f, g, w in rows if g == one and y == c and f > threshold)
            / sum(w for y, f, g, w in rows if g == one and y == c) for one in groups] for c in (0, 1)]
        max(max(side) - min(side) for side in rates) if groups[0] < groups[-1] else 1 / 0

    The greater of `equal_opportunity` and `predictive_equality`: 0 where the prediction depends on the
    group through the label alone.  It needs labels of both kinds in every group.

    >>> equalised_odds(tabled([1, 1, 0, 1, 1, 0], [1, 0, 0, 1, 1, 0], [5, 5, 5, 7, 7, 7]))
    Fraction(1, 2)
    """
    return both_defined(equal_opportunity(table), predictive_equality(table), max)
