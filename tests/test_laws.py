"""The laws of the catalogue, proved for every form of every loss.

A loss that is written tomorrow is held to them on that day: the rows come from the domains that it
declares (`draws`), the values from the definition in its docstring, run in 400 digits (`definition`).
At the end, losses that are wrong on purpose show that each law can fail.
"""

from __future__ import annotations

import doctest
import json
import math
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial, reduce
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from definition import MP, Definition, checked, exact, nearest, of_whole, quotient, ulps_off
from draws import (
    Files,
    Params,
    Roles,
    all_params,
    draw,
    files,
    forms,
    generator,
    kept,
    of_each_kind,
    perfect,
    row_params,
    sides,
    spec,
    title,
    usual_params,
    write,
)
from states import as_value

from losscli.errors import DataError, UsageError
from losscli.loss.declare import MARK, Column, Loss, loss
from losscli.loss.domains import AnyClass, Binary, Interval, Simplex, Vector
from losscli.loss.params import LossName, Param, show_param
from losscli.loss.spec import parse
from losscli.losses.describe import listing
from losscli.measure.engines import threads
from losscli.measure.observers.states import UnitState
from losscli.numbers.states import state_kind
from losscli.numbers.sums import Sums
from losscli.report.evaluate import evaluate
from losscli.report.merge import merge
from losscli.report.records import Report, Result
from losscli.table.cells import CellReader

LAWS = {
    "rows": "n rows give n doubles, never NaN, infinite only where the definition is",
    "inputs": "inputs are not touched",
    "best": "never below the best value, which a perfect prediction reaches",
    "weights": "a weight of k is the row k times, to the bit; scale does not matter",
    "order": "any order, cut, number of jobs and format: the same bits",
    "ulps": "within 4 ulp of the definition in 400 digits",
    "gradient": "within 4 ulp of the slope of the definition in 400 digits",
    "range": "a value wherever the definition's own fits a double",
    "params": "a parameter out of range is a usage error that names it",
    "pickle": "plans pickle, states survive JSON",
    "types": "narrow and decimal columns equal doubles of the same values",
    "words": "a summary, a definition, a domain, a reference, a doctest",
    "missing": "a missing value is never dropped unasked",
}
"""The names by which a loss declares that it cannot keep a law."""

ORDINARY_AND_ENDS = [
    pytest.param(False, id="ordinary", marks=pytest.mark.run_all),
    pytest.param(True, id="ends"),
]
"""Rows of everyday numbers, and rows that reach the ends of the domains, among which such numbers are as well."""

FORMS = forms()
ROW_FORMS = [form for form in FORMS if form.is_mean]


def every(
    forms: Iterable[Loss] = FORMS, law: str | None = None, *, once_a_kind: Sequence[Loss] = ()
) -> pytest.MarkDecorator:
    """All forms of losses, but for those that declare, with a reason, that they cannot keep a law.

    Of the forms ``once_a_kind``, only one of each kind is part of every run: see `draws.of_each_kind`.
    """
    assert law is None or law in LAWS
    chosen = [form for form in forms if law is None or law not in form.exceptions]
    alike = {id(form) for form in once_a_kind}
    often = {id(form) for form in chosen} - alike
    often |= {id(form) for form in of_each_kind([form for form in chosen if id(form) in alike])}
    kept = [
        pytest.param(form, marks=() if id(form) in often else pytest.mark.run_all, id=title(form))
        for form in chosen
    ]
    # By module: the tests of one form run one after the other, and share what was worked out for it.
    return pytest.mark.parametrize("form", kept, scope="module")


def widths(form: Loss) -> tuple[int, ...]:
    """Numbers of classes to try."""
    return (2, 3, 5) if any(role.shape == "Columns" for role in form.roles) else (3,)


def rows_of(roles: Roles) -> int:
    return len(next(iter(roles.values())))


def taken(roles: Roles, at: Any) -> Roles:
    """Some of the rows, each column in one piece as a block has it."""
    return {name: np.ascontiguousarray(column[at].T).T for name, column in roles.items()}


def measured_rows(form: Loss, roles: Roles, params: Params) -> Any:
    """The row function's doubles, from arrays that it cannot write to."""
    held = {name: column.copy(order="A") for name, column in roles.items()}
    for column in held.values():
        column.flags.writeable = False
    return form.measure_rows(held, row_params(form, params, roles))


def columns_of(form: Loss, roles: Roles, params: Params) -> tuple[Any, ...]:
    """All columns of the row function, where it gives several."""
    found = form.measure_rows(roles, row_params(form, params, roles))
    return found if isinstance(found, tuple) else (found,)


def same_bits(one: Any, other: Any) -> bool:
    return bool(one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes())


def value_of(found: Files, form: Loss, params: Params, **more: Any) -> Result:
    report = evaluate(found.preds, found.labels, loss=[spec(form, params)], **found.options, **more)
    return next(result for result in report.results if not result.part)


# ------------------------------------------------------------------------------------------------
# Rows to measure
# ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """Rows at the ends of the domains, what the row function makes of them, and what it should."""

    params: Params
    roles: Roles
    found: Any
    off: list[float]  # how far each lies from the definition, in ulp
    wanted: list[float]  # the double next to the definition

    def __iter__(self) -> Iterator[tuple[float, float, float, Words]]:
        for at, numbers in enumerate(zip(self.found.tolist(), self.wanted, self.off, strict=True)):
            yield *numbers, Words(self, at)


@dataclass(frozen=True)
class Words:
    """What is said of a row that breaks a law."""

    case: Case
    at: int

    def __str__(self) -> str:
        case, at = self.case, self.at
        cells = {name: column[at : at + 1].tolist()[0] for name, column in case.roles.items()}
        found, off = case.found.tolist()[at], case.off[at]
        return f"{case.params} {cells}: {found!r} for {case.wanted[at]!r}, {off:.3g} ulp off"


@cache
def cases(form: Loss) -> list[Case]:
    """The rows of a loss at the ends, over the range of its parameters."""
    rng = generator(form, "ends")
    found = []
    for at, params in enumerate(all_params(form, rng)):
        for classes in widths(form):
            rows = (240 if at == 0 else 60) // len(widths(form))
            roles = draw(form, params, rng, rows, ends=True, classes=classes)
            roles = kept(form, roles, params)
            values = measured_rows(form, roles, params)
            assert values.shape == (rows_of(roles),), "n rows give n numbers"
            exactly = checked(form, roles, row_params(form, params, roles), values)
            off = [ulps_off(one, value) for one, value in zip(values.tolist(), exactly, strict=True)]
            found.append(Case(params, roles, values, off, [nearest(value) for value in exactly]))
    return found


def finite_rows(form: Loss, params: Params, rng: np.random.Generator, rows: int, *, ends: bool) -> Roles:
    """Ordinary rows, and with ``ends`` as many at the ends; those left out whose loss is infinite."""
    half = rows // 2 if ends else 0
    parts = [draw(form, params, rng, rows - half), draw(form, params, rng, half, ends=True)]
    mixed = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    mixed = taken(mixed, rng.permutation(rows))
    stays = np.ones(rows, bool)
    if (
        form.keeps is not None
        and (counts := form.keeps(**mixed, **row_params(form, params, mixed))) is not None
    ):
        stays = counts
    finite = np.ones(rows, bool)
    finite[stays] = np.logical_and.reduce(
        [np.isfinite(c) for c in columns_of(form, taken(mixed, stays), params)]
    )
    return taken(mixed, finite)


def weights(form: Loss, params: Params, rng: np.random.Generator, rows: int, *, ends: bool) -> Any:
    """Weights of every day; with ``ends``, zero, tiny and huge ones too.  Counts, where a loss asks for them."""
    if form.takes_counts(params):
        return rng.integers(0 if ends else 1, 5, rows).astype(np.float64)
    if not ends:
        return rng.exponential(1.0, rows)
    odd = rng.choice([0.0, 1.0, 0.1, 1 / 3, 5e-324, 1e-300, 1e9, 1e300, 1.7976931348623157e308], rows)
    return np.where(rng.random(rows) < 0.4, odd, rng.exponential(1.0, rows))


# ------------------------------------------------------------------------------------------------
# 1, 2, 3, 6, 7: rows
# ------------------------------------------------------------------------------------------------


def check_rows_are_doubles(form: Loss) -> None:
    for case in cases(form):
        assert case.found.dtype == np.float64
        assert case.found.shape == (rows_of(case.roles),)
        for found, _, off, words in case:
            assert not math.isnan(found), words
            assert math.isfinite(found) or off <= form.ulps, words
    first = cases(form)[0]
    assert measured_rows(form, taken(first.roles, slice(0, 0)), first.params).shape == (0,), "of no rows"


@every(ROW_FORMS, law="rows")
def test_rows_give_as_many_doubles_never_nan_and_infinite_only_where_the_definition_is(form: Loss) -> None:
    check_rows_are_doubles(form)


def check_inputs_are_untouched(form: Loss) -> None:
    rng = generator(form, "inputs")
    for params in all_params(form, rng):
        roles = kept(form, draw(form, params, rng, 50, ends=True), params)
        before = {name: column.copy() for name, column in roles.items()}
        form.measure_rows(roles, row_params(form, params, roles))
        for count in form.touches.values():
            count(**roles, **row_params(form, params, roles))
        for name, column in roles.items():
            assert same_bits(column, before[name]), f"{params} writes to {name}"


@every(ROW_FORMS, law="inputs")
def test_inputs_are_not_touched(form: Loss) -> None:
    check_inputs_are_untouched(form)


def check_never_below_the_best(form: Loss) -> None:
    for case in cases(form):
        for found, _, _, words in case:
            if form.better == "lower" and form.best is not None:
                assert found >= form.best, words
            if form.better == "higher" and form.best is not None:
                assert found <= form.best, words


@every(ROW_FORMS, law="best")
def test_no_row_is_better_than_the_best_value(form: Loss) -> None:
    check_never_below_the_best(form)


def check_best_rows_are_exact(form: Loss) -> None:
    for case in cases(form):
        for found, wanted, _, words in case:
            if wanted == form.best:
                assert found == form.best, words
                assert math.copysign(1.0, found) == math.copysign(1.0, form.best), words


@every(ROW_FORMS, law="best")
def test_a_row_that_is_perfect_by_the_definition_is_so_exactly(form: Loss) -> None:
    check_best_rows_are_exact(form)


@every(law="best")
def test_a_perfect_prediction_reaches_the_best_value_exactly(form: Loss, tmp_path: Any) -> None:
    params = usual_params(form)
    roles = perfect(form, params, generator(form, "perfect"), 80)
    if form.best is None or roles is None:
        assert form.best is None, "a best value is declared, but no prediction is perfect"
        return
    if form in ROW_FORMS:
        rows = measured_rows(form, kept(form, roles, params), params)
        assert rows.tolist() == [form.best] * len(rows)
    assert value_of(files(tmp_path, form, roles), form, params).value == form.best


def check_near_the_definition(form: Loss) -> None:
    for case in cases(form):
        for _, wanted, off, words in case:
            assert off <= form.ulps or not math.isfinite(wanted), words


@every(ROW_FORMS)
def test_rows_lie_within_a_few_ulp_of_the_definition(form: Loss) -> None:
    check_near_the_definition(form)


@pytest.mark.parametrize("form", [form for form in FORMS if form not in ROW_FORMS], ids=title)
def test_a_whole_lies_within_a_few_ulp_of_its_definition(form: Loss, tmp_path: Any, run_all: bool) -> None:
    rng = generator(form, "whole")
    definition = Definition(form.doc.definition)
    tried = 0
    for at, params in enumerate(all_params(form, rng)):
        # The usual parameters with all kinds of rows and weights, the others in a usual run with one kind each.
        for ends in (False, True) if at == 0 or run_all else (at % 2 == 1,):
            weighted = weights(form, params, rng, 40, ends=ends)
            for weight in (None, weighted) if at == 0 else ((None, weighted)[(at // 2 + ends) % 2],):
                roles = draw(form, params, rng, 40, ends=ends)
                if ends and "range" in form.exceptions:
                    roles = taken(
                        roles,
                        np.all(
                            [np.abs(c.reshape(len(c), -1)).max(axis=1) < 1e150 for c in roles.values()],
                            axis=0,
                        ),
                    )
                weight = weight if weight is None else weight[: rows_of(roles)]
                ones = np.ones(rows_of(roles)) if weight is None else weight
                found = value_of(files(tmp_path, form, roles, weight, name=f"{at}"), form, params)
                try:
                    wanted = of_whole(form, roles, ones, params | row_params(form, params, roles))
                except ZeroDivisionError:
                    wanted = MP.nan
                if ends and "range" in form.exceptions and found.value is None:
                    assert found.note
                elif math.isfinite(nearest(wanted)):
                    tried += 1
                    assert found.value is not None, (
                        f"{found.note}, but the definition gives {nearest(wanted)!r}"
                    )
                    off = ulps_off(found.value, wanted)
                    if "ulps" in form.exceptions and form.best == 1.0 and abs(wanted) < 1:
                        # What is left of 1 keeps the last bit of 1, and no more.
                        off = float(abs(MP.mpf(found.value) - wanted) / MP.mpf(2) ** -52)
                    assert off <= form.ulps
                else:
                    assert found.value is None
                    assert found.note
    assert tried >= 2, definition.text


@every(ROW_FORMS, once_a_kind=FORMS)
def test_the_value_is_the_exact_weighted_mean_of_the_rows_rounded_once(form: Loss, tmp_path: Any) -> None:
    rng = generator(form, "mean")
    for at, params in enumerate(all_params(form, rng)[:6]):
        for weighted, ends in ((False, False), (False, True), (True, False), (True, True)):
            roles = finite_rows(form, params, rng, 60, ends=ends)
            if not rows_of(roles):
                continue  # with such parameters every row is infinite
            weight = weights(form, params, rng, rows_of(roles), ends=ends) if weighted else None
            counted = dict(roles) if weight is None else roles | {"weight": weight}
            if (
                form.keeps is not None
                and (stays := form.keeps(**roles, **row_params(form, params, roles))) is not None
            ):
                counted = taken(counted, stays)
            w = counted.pop("weight", np.ones(rows_of(counted)))
            losses = measured_rows(form, counted, params)
            total = sum(
                (Fraction(x) * Fraction(y) for x, y in zip(w.tolist(), losses.tolist(), strict=True)),
                Fraction(0),
            )
            found = value_of(files(tmp_path, form, roles, weight, name=f"{at}"), form, params)
            assert found.value == quotient(total / sum(map(Fraction, w.tolist())))
            if math.isfinite(quotient(total)):
                assert found.sum == quotient(total)
            weighed = quotient(sum(map(Fraction, w.tolist()), Fraction(0)))
            assert found.weight == (weighed if math.isfinite(weighed) else None)


def check_range(form: Loss) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for case in cases(form):
            measured_rows(form, case.roles, case.params)
            for found, wanted, off, words in case:
                if math.isfinite(wanted):
                    assert math.isfinite(found) or off <= form.ulps, words


@every(ROW_FORMS, law="range")
def test_a_value_that_fits_a_double_comes_without_warning_overflow_or_nan(form: Loss) -> None:
    check_range(form)


def check_rows_do_not_depend_on_the_block(form: Loss) -> None:
    rng = generator(form, "blocks")
    for at, params in enumerate(all_params(form, rng)):
        roles = kept(form, draw(form, params, rng, 1013 if at == 0 else 151, ends=True), params)
        whole = measured_rows(form, roles, params)
        for length in (1, 3, 7, 1000):
            n = min(len(whole), (61 if at == 0 else 31) * length)
            cut = [
                measured_rows(
                    form,
                    {name: column[start : min(start + length, n)] for name, column in roles.items()},
                    params,
                )
                for start in range(0, n, length)
            ]
            assert same_bits(np.concatenate(cut), whole[:n]), f"in blocks of {length} rows, {params}"


@every(ROW_FORMS, law="order", once_a_kind=FORMS)
def test_the_loss_of_a_row_does_not_depend_on_the_rows_around_it(form: Loss) -> None:
    check_rows_do_not_depend_on_the_block(form)


# ------------------------------------------------------------------------------------------------
# 4: weights.  A row function never sees them, so of the means of rows one of each kind shows what they do.
# ------------------------------------------------------------------------------------------------


@every(law="weights", once_a_kind=ROW_FORMS)
@pytest.mark.parametrize("ends", [False, True], ids=["ordinary", "ends"])
def test_an_integer_weight_is_the_row_as_many_times_and_zero_is_none(
    form: Loss, ends: bool, tmp_path: Any
) -> None:
    rng = generator(form, "counts")
    params = usual_params(form)
    roles = finite_rows(form, params, rng, 160, ends=ends)
    counts = rng.integers(0, 4, rows_of(roles))
    weighted = value_of(files(tmp_path, form, roles, counts.astype(float), name="w"), form, params)
    repeated = taken(roles, np.repeat(np.arange(len(counts)), counts))
    assert weighted.value is not None or (ends and "range" in form.exceptions)
    assert value_of(files(tmp_path, form, repeated, name="r"), form, params).value == weighted.value


@every(law="weights", once_a_kind=ROW_FORMS)
@pytest.mark.parametrize("ends", [False, True], ids=["ordinary", "ends"])
def test_a_weight_of_zero_is_as_if_the_row_were_not_there(form: Loss, ends: bool, tmp_path: Any) -> None:
    rng = generator(form, "zeros")
    params = usual_params(form)
    roles = finite_rows(form, params, rng, 120, ends=ends)
    weight = weights(form, params, rng, rows_of(roles), ends=False) * (rng.random(rows_of(roles)) < 0.6)
    found = value_of(files(tmp_path, form, roles, weight, name="all"), form, params)
    there = files(tmp_path, form, taken(roles, weight > 0.0), weight[weight > 0.0], name="some")
    wanted = value_of(there, form, params)
    assert found.value is not None or (ends and "range" in form.exceptions)
    assert (found.value, found.sum, found.weight, found.touched) == (
        wanted.value, wanted.sum, wanted.weight, wanted.touched,
    )  # fmt: skip


# Where a weight is how often the row stands there, another scale means other rows.
@every(
    (form for form in FORMS if not form.takes_counts(usual_params(form))),
    law="weights",
    once_a_kind=ROW_FORMS,
)
@pytest.mark.parametrize("power", [-300, 13])
def test_weights_scaled_by_a_power_of_two_change_no_bit(form: Loss, power: int, tmp_path: Any) -> None:
    rng = generator(form, "scale")
    params = usual_params(form)
    roles = finite_rows(form, params, rng, 60, ends=False)
    weight = rng.exponential(1.0, rows_of(roles))
    found = [
        value_of(files(tmp_path, form, roles, scaled, name=f"{at}"), form, params).value
        for at, scaled in enumerate((weight, np.ldexp(weight, power)))
    ]
    assert found[0] is not None
    assert found[0] == found[1]


# ------------------------------------------------------------------------------------------------
# 5: order, cuts, jobs, formats
# ------------------------------------------------------------------------------------------------


def weighted_rows(form: Loss, of: str, rows: int, *, ends: bool) -> tuple[Params, Roles, Any]:
    rng, params = generator(form, of), usual_params(form)
    roles = finite_rows(form, params, rng, rows, ends=ends)
    return params, roles, weights(form, params, rng, rows_of(roles), ends=ends)


def check_cuts_and_formats(form: Loss, folder: Any, *, ends: bool) -> None:
    params, roles, weight = weighted_rows(form, "cuts", 36, ends=ends)
    parquet = files(folder, form, roles, weight, row_groups=(11, 14))
    csv = files(folder, form, roles, weight, suffix="csv")
    wanted = value_of(parquet, form, params, jobs=1)
    for chunk_rows, jobs in ((1, 4), (7, 1), (65536, 4)):
        for found in (parquet, csv):
            # The smaller blocks of CSV are read cell by cell, the larger ones by pyarrow.
            with mock.patch("losscli.reading.csv.SMALL_BYTES", 1 << 16 if chunk_rows == 7 else 0):
                got = value_of(found, form, params, chunk_rows=chunk_rows, jobs=jobs)
            assert got == wanted, f"{found.preds}, blocks of {chunk_rows} rows, {jobs} jobs"


@every(law="order", once_a_kind=FORMS)
@pytest.mark.parametrize("ends", ORDINARY_AND_ENDS)
def test_blocks_jobs_and_formats_change_no_bit(form: Loss, ends: bool, tmp_path: Any) -> None:
    check_cuts_and_formats(form, tmp_path, ends=ends)


@every(law="order", once_a_kind=FORMS)
@pytest.mark.parametrize("suffix", ["jsonl", "arrow", "npz"])
def test_no_other_format_changes_a_bit(form: Loss, suffix: str, tmp_path: Any) -> None:
    params, roles, weight = weighted_rows(form, "formats", 36, ends=False)
    wanted = value_of(files(tmp_path, form, roles, weight), form, params)
    assert value_of(files(tmp_path, form, roles, weight, suffix=suffix), form, params, chunk_rows=7) == wanted


@every(law="order", once_a_kind=FORMS)
@pytest.mark.parametrize("ends", ORDINARY_AND_ENDS)
def test_many_rows_in_row_groups_that_do_not_match_give_the_same_bits(
    form: Loss, ends: bool, tmp_path: Any
) -> None:
    rng = generator(form, "many")
    params = usual_params(form)
    roles = finite_rows(form, params, rng, 9_001 if ends else 66_001, ends=ends)
    wanted = value_of(files(tmp_path, form, roles, name="one"), form, params, jobs=1)
    cut = files(tmp_path, form, roles, row_groups=(3_000, 5_333), name="cut")
    for chunk_rows, jobs in ((65536 if not ends else 5000, 4), (4099, 1)):
        assert value_of(cut, form, params, chunk_rows=chunk_rows, jobs=jobs) == wanted


@every(law="order", once_a_kind=FORMS)
@pytest.mark.parametrize("ends", [False, True], ids=["ordinary", "ends"])
def test_the_order_of_rows_changes_no_bit(form: Loss, ends: bool, tmp_path: Any) -> None:
    rng = generator(form, "order")
    params = usual_params(form)
    roles = finite_rows(form, params, rng, 300, ends=ends)
    weight = weights(form, params, rng, rows_of(roles), ends=ends)
    wanted = value_of(files(tmp_path, form, roles, weight), form, params)
    for order in (np.arange(rows_of(roles))[::-1], rng.permutation(rows_of(roles))):
        there = files(tmp_path, form, taken(roles, order), weight[order], name="shuffled")
        assert value_of(there, form, params) == wanted


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "losscli", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_command_gives_the_bits_of_the_function(suffix: str, tmp_path: Any) -> None:
    pair = [("label", "Column", Interval()), ("pred", "Column", Interval())]
    numbers = [f for f in FORMS if [(r.name, r.shape, r.domain) for r in f.roles] == pair and not f.logits]
    numbers = [f for f in numbers if not f.takes_counts(usual_params(f))]
    rng = np.random.default_rng(5)
    roles = {"label": rng.normal(0.0, 5.0, 600), "pred": rng.normal(0.0, 5.0, 600)}
    weight = rng.exponential(1.0, 600)
    found = files(tmp_path, numbers[0], roles, weight, suffix=suffix, row_groups=(140, 200))
    specs = [spec(form, usual_params(form)) for form in numbers]
    wanted = evaluate(found.preds, found.labels, loss=specs, **found.options)
    asked = [part for one in specs for part in ("-l", one)]
    for chunk_rows, jobs in ((7, 1), (65536, 4)):
        ran = command(
            "eval", found.preds, found.labels, *asked, "--weight", "weight", "--label", "label",
            "--chunk-rows", str(chunk_rows), "--jobs", str(jobs), "--json",
        )  # fmt: skip
        assert (ran.returncode, ran.stderr) == (0, "")
        assert json.loads(ran.stdout) == json.loads(json.dumps(wanted.to_json()))


# ------------------------------------------------------------------------------------------------
# 8: parameters
# ------------------------------------------------------------------------------------------------


def outside(param: Param) -> list[str]:
    """Texts that a parameter must refuse."""
    if param.choices or param.type is bool:
        return ["nonsense", "0.5", "-1"]
    interval = param.interval or Interval()
    texts = ["nan", "inf", "-inf", "1e400", "much", "1_0", "0x1", "١"]
    for end, is_open, way in (
        (interval.low, interval.open_low, -math.inf),
        (interval.high, interval.open_high, math.inf),
    ):
        if math.isfinite(end):
            texts += [repr(end)] if is_open else []
            texts += [
                repr(math.nextafter(end, way)),
                repr(end + math.copysign(1.0, way)),
                repr(math.copysign(1e308, way)),
            ]
    if interval.without is not None:
        texts.append(repr(interval.without))
    if interval.whole or param.type is int:
        texts += ["1.5", "2.0000000000000004"]
    return texts


@every(law="params")
def test_a_parameter_out_of_range_is_a_usage_error_that_names_it(form: Loss) -> None:
    usual = {
        name: show_param(value) for name, value in usual_params(form).items() if name not in form.columns
    }
    for param in form.params:
        if param.type in (str, LossName) and not param.choices:
            continue  # a file or another loss: what it lacks is told when it is read
        for text in outside(param):
            given = usual | {param.name: text}
            asked = f"{form.name}:" + ",".join(f"{key}={value}" for key, value in given.items())
            for call in (
                partial(form.read_params, parse(asked)),
                partial(evaluate, "absent.parquet", loss=[asked]),
            ):
                with pytest.raises(UsageError) as error:
                    call()
                assert f"`{param.name}" in error.value.message, asked
            assert text in str(error.value), asked


@every()
def test_an_unknown_parameter_is_a_usage_error_that_names_it(form: Loss) -> None:
    with pytest.raises(UsageError, match="`nonsense`"):
        form.read_params(parse(f"{form.name}:nonsense=1"))
    with pytest.raises(UsageError, match="`nonsense`"):
        evaluate("absent.parquet", loss=[f"{form.name}:nonsense=1"])


@every()
def test_a_spec_that_was_printed_reads_back_as_the_same_parameters(form: Loss) -> None:
    for params in all_params(form, generator(form, "specs")):
        assert form.read_params(parse(spec(form, params))) == params


def sliced_files(folder: Any, form: Loss, roles: Roles, weight: Any, name: str, slices: Any) -> Files:
    found = files(folder, form, roles, weight, name=name)
    preds = pq.read_table(found.preds)
    pq.write_table(preds.append_column("slice", pa.array(slices)), found.preds)
    return found


@every(law="order", once_a_kind=FORMS)
def test_a_slice_is_what_a_filter_keeps_and_all_slices_merge_to_the_whole(
    form: Loss, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = generator(form, "slices")
    params = usual_params(form)
    roles = finite_rows(form, params, rng, 90, ends=False)
    weight = weights(form, params, rng, rows_of(roles), ends=False)
    slices = rng.choice(["a", "b", "c"], rows_of(roles))
    found = files(tmp_path, form, roles, weight)
    preds = pq.read_table(found.preds)
    pq.write_table(preds.append_column("slice", pa.array(slices)), found.preds)
    measured = partial(evaluate, found.preds, found.labels, loss=[spec(form, params)], **found.options)
    run, tallies = threads.run, []

    def noted(*given: Any, **more: Any) -> Any:
        outcome = run(*given, **more)
        tallies.append(outcome.tally)
        return outcome

    monkeypatch.setattr(threads, "run", noted)
    sliced = measured(by=["slice"], chunk_rows=7)
    by_slice = [
        (what, state)
        for (what, cut), state in tallies[0].kept.items()
        if isinstance(what, UnitState) and cut == 0
    ]
    for what, state in by_slice:
        merged = reduce(lambda one, other: one.merge(other), map(state.at, range(3)))
        assert as_value(merged) == as_value(tallies[0].of(what))

    def known(report: Report, *wanted: str) -> list[Any]:
        return [
            (r.value, r.sum, r.rows, r.weight, r.touched, r.skipped)
            for r in report.results
            if not r.part and (r.slice.get("slice") in wanted or not wanted)
        ]

    assert known(sliced, "a") == known(measured(where="slice == 'a'"))
    assert known(sliced, "b", "c") == known(measured(where="slice != 'a'", by=["slice"]), "b", "c")


@every(law="order", once_a_kind=FORMS)
def test_a_value_over_groups_is_the_exact_mean_of_calls_over_each_group_alone(
    form: Loss, tmp_path: Any
) -> None:
    rng = generator(form, "groups")
    params = usual_params(form)
    roles = finite_rows(form, params, rng, 90, ends=False)
    weight = weights(form, params, rng, rows_of(roles), ends=False)
    found = sliced_files(
        tmp_path, form, roles, weight, "groups", rng.choice(["a", "b", "c", None], rows_of(roles))
    )
    measured = partial(evaluate, found.preds, found.labels, loss=[spec(form, params)], **found.options)
    whole = measured(group="slice").results
    for chunk_rows, jobs in ((7, 1), (64, 4)):
        assert measured(group="slice", chunk_rows=chunk_rows, jobs=jobs).results == whole
    # Of some losses the classes, and with them the form, would be others in a group alone.
    wheres = (*(f"slice == '{group}'" for group in "abc"), "missing(slice)")
    alone = [measured(where=where).results for where in wheres]
    for at, result in enumerate(whole):
        values = [results[at].value for results in alone]
        if None in values:
            assert result.value is None
            continue
        assert result.value == float(sum(map(Fraction, values)) / 4)
        assert result.groups == 4
        assert result.sum is None
        assert result.rows == sum(results[at].rows for results in alone)


# ------------------------------------------------------------------------------------------------
# 9: plans and states are values
# ------------------------------------------------------------------------------------------------


@every(law="pickle", once_a_kind=FORMS)
def test_plans_pickle_and_states_survive_json_and_merge_in_any_order(
    form: Loss, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pickle.loads(pickle.dumps(form.function)) is form.function
    rng = generator(form, "pickle")
    params = usual_params(form)
    run, states = threads.run, []

    def run_a_copy(plan: Any, sources: Any, **more: Any) -> Any:
        outcome = run(pickle.loads(pickle.dumps(plan)), sources, **more)
        kept = outcome.tally.kept.items()
        states.extend(state for (what, _), state in kept if isinstance(what, UnitState))
        return outcome

    for weighted in (False, True):
        states.clear()
        for at in range(3):
            roles = finite_rows(form, params, rng, 40, ends=False)
            if at == 2:  # infinite rows too
                roles = draw(form, params, rng, 60, ends=True)
            found = files(
                tmp_path,
                form,
                roles,
                weights(form, params, rng, rows_of(roles), ends=at == 2) if weighted else None,
                name=str(at),
            )
            wanted = value_of(found, form, params)
            with monkeypatch.context() as patch:
                patch.setattr(threads, "run", run_a_copy)
                assert value_of(found, form, params) == wanted
        one, two, three = states
        width = next((len(getattr(one, name)) for name in ("totals", "lows") if hasattr(one, name)), None)
        empty = state_kind(form.state).empty(weighted=weighted, **({"columns": width} if width else {}))
        for state in (empty, *states):
            held = json.loads(json.dumps(state.to_json(), allow_nan=False))
            assert state_kind(form.state).from_json(held) == state
            assert pickle.loads(pickle.dumps(state)) == state
            assert empty.merge(state) == state == state.merge(empty)
        assert one.merge(two).merge(three) == one.merge(two.merge(three)) == three.merge(one).merge(two)
        assert one.merge(two) == two.merge(one)


SAVED = [
    form
    for form in FORMS
    if not form.keeps_rows and not any(param.type is str and not param.choices for param in form.params)
]
"""Forms with states in files: no order of rows, and no matrix of costs, is part of one."""


@every(SAVED, law="pickle", once_a_kind=SAVED)
@pytest.mark.parametrize("ends", ORDINARY_AND_ENDS)
def test_parts_that_are_saved_and_merged_give_the_bits_of_the_whole(
    form: Loss, ends: bool, tmp_path: Any
) -> None:
    params, roles, weight = weighted_rows(form, "parts", 60, ends=ends)
    slices = generator(form, "parts").choice(["a", "b", None], rows_of(roles))
    found = sliced_files(tmp_path, form, roles, weight, "parts", slices)
    measured = partial(evaluate, found.preds, found.labels, loss=[spec(form, params)], **found.options)
    for more in ({"by": ["slice"], "ci": "normal"}, {"group": "slice"}):
        states = []
        for part in (1, 2, 3):
            states.append(str(tmp_path / f"{part}.state"))
            measured(state_out=states[-1], shard=f"{part}/3", chunk_rows=7, **more)
        assert merge(states[::-1]).results == measured(**more).results


# ------------------------------------------------------------------------------------------------
# 10: types of columns
# ------------------------------------------------------------------------------------------------

NARROW = {
    "float16": pa.float16(), "float32": pa.float32(), "int16": pa.int16(), "uint64": pa.uint64(),
    "decimal": pa.decimal128(12, 4),
}  # fmt: skip


def coarse(
    form: Loss, params: Params, rng: np.random.Generator, rows: int, *, whole: bool, signed: bool
) -> Roles:
    """Rows of eighths, or of whole numbers, from -4 or 0 to 4: every type of column holds them."""
    drawn: Roles = {}
    grid = np.arange(-32, 33) / 8.0
    grid = grid[(grid == np.floor(grid)) | (not whole)]
    grid = grid[(grid >= 0.0) | signed]
    shares = (
        [[1.0, 0.0, 0.0]]
        if whole
        else [[1.0, 0.0, 0.0], [0.5, 0.25, 0.25], [0.5, 0.5, 0.0], [0.125, 0.875, 0.0]]
    )
    for role in form.roles:
        domain = form.domain(role, params)
        if role.shape == "Texts":
            drawn[role.name] = draw(form, params, rng, rows)[role.name]
            continue
        if isinstance(domain, Simplex):
            drawn[role.name] = rng.permuted(rng.choice(np.array(shares), rows), axis=1)
            continue
        if isinstance(domain, AnyClass):
            drawn[role.name] = rng.integers(0, 3, rows)
            continue
        held = Interval(0.0, 1.0, whole=not domain.soft) if isinstance(domain, Binary) else domain
        inside = np.array([value for value in grid if value in held])
        if not inside.size:
            pytest.skip(f"{domain} holds no such number")
        drawn[role.name] = rng.choice(inside, (rows, 3) if role.shape == "Columns" else rows)
        if isinstance(domain, Vector):
            drawn[role.name][~drawn[role.name].any(axis=1), 0] = 1.0
    for low, high in form.relations:
        both = drawn[low], drawn[high]
        drawn[low], drawn[high] = np.minimum(*both), np.maximum(*both)
    return drawn


def narrowed(column: Any, kind: pa.DataType) -> pa.Array:
    if column.dtype == object:  # texts
        return pa.array(column)
    if pa.types.is_decimal(kind):
        return pa.array([Decimal(float(value)) for value in column], kind)
    if pa.types.is_float16(kind):
        return pa.array(column.astype(np.float16))
    return pa.array(column, kind)


@every(law="types", once_a_kind=FORMS)
@pytest.mark.parametrize("kind", NARROW)
def test_narrow_and_decimal_columns_equal_doubles_of_the_same_values(
    form: Loss, kind: str, tmp_path: Any
) -> None:
    rng = generator(form, kind)
    params = usual_params(form)
    roles = coarse(form, params, rng, 50, whole="int" in kind, signed="uint" not in kind)
    weight = rng.integers(0, 5, 50).astype(np.float64)
    doubles = files(tmp_path, form, roles, weight)
    wanted = value_of(doubles, form, params)
    assert wanted.value is not None or wanted.note
    paths = [str(tmp_path / f"{side}.narrow.parquet") for side in ("preds", "labels")]
    for path, columns in zip(paths, sides(form, roles, weight), strict=True):
        write(path, {name: narrowed(column, NARROW[kind]) for name, column in columns.items()})
    assert value_of(Files(*paths, doubles.options), form, params) == wanted


# ------------------------------------------------------------------------------------------------
# 11: words
# ------------------------------------------------------------------------------------------------


@every(law="words")
def test_a_loss_says_what_it_is(form: Loss) -> None:
    doc = form.doc
    assert 10 <= len(doc.summary) <= 72, f"the summary has {len(doc.summary)} characters"
    assert doc.summary.endswith(".")
    Definition(doc.definition)
    assert len(form.reference) > 10
    assert form.elicits
    assert all(str(role.domain) for role in form.roles)
    assert all(param.range for param in form.params)
    assert form.better in ("lower", "higher", "zero")
    lines = [line.split() for line in listing(400).splitlines()]
    assert form.name in [words[0] for words in lines if words], "it has no row in `losscli losses`"
    first = next(words for words in lines if words and words[0] == form.name)
    summary = next(f.doc.summary for f in FORMS if f.name == form.name)
    assert " ".join(first).startswith(f"{form.name} {summary}")


@every()
def test_the_example_of_a_loss_runs(form: Loss) -> None:
    module = sys.modules[form.function.__module__]
    tests = doctest.DocTestFinder(recurse=False).find(form.function, form.name, module, vars(module))
    assert sum(len(found.examples) for found in tests) > 0
    for found in tests:
        assert doctest.DocTestRunner(verbose=False).run(found).failed == 0


def test_what_a_loss_cannot_keep_is_declared_by_the_name_of_the_law_with_a_reason() -> None:
    for form in FORMS:
        assert set(form.exceptions) <= set(LAWS), title(form)
        assert all(len(reason.split()) >= 4 for reason in form.exceptions.values()), title(form)
        assert ("ulps" in form.exceptions) == (form.ulps > 4.0), title(form)
        assert ("gradient" in form.exceptions) == (form.gradient_ulps > 4.0), title(form)
        # How far rows may lie off is a number of a size that somebody thought of.
        assert form.ulps <= 64.0, title(form)


def test_names_and_aliases_are_those_of_one_loss_each() -> None:
    owners: dict[str, str] = {}
    for form in FORMS:
        for known in (form.name, *form.aliases):
            folded = known.casefold().replace("_", "").replace("-", "")
            assert owners.setdefault(folded, form.name) == form.name


# ------------------------------------------------------------------------------------------------
# 12: missing values
# ------------------------------------------------------------------------------------------------


@every(law="missing", once_a_kind=FORMS)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_missing_value_is_refused_and_dropped_only_when_asked(
    form: Loss, suffix: str, tmp_path: Any
) -> None:
    rng = generator(form, "missing")
    params = usual_params(form)
    roles = finite_rows(form, params, rng, 40, ends=False)
    weight = weights(form, params, rng, rows_of(roles), ends=False)
    whole = files(tmp_path, form, roles, weight)
    stays = np.arange(rows_of(roles)) != 7
    without = value_of(files(tmp_path, form, taken(roles, stays), weight[stays], name="7"), form, params)
    for side, columns in enumerate(sides(form, roles, weight)):
        for name in columns:
            paths = [str(tmp_path / f"{at}.{suffix}") for at in ("p", "l")]
            for at, path in enumerate(paths):
                held: dict[str, Any] = dict(sides(form, roles, weight)[at])
                if at == side:
                    held[name] = [
                        None if row == 7 else value for row, value in enumerate(held[name].tolist())
                    ]
                write(path, held)
            found = Files(*paths, whole.options)
            with pytest.raises(DataError, match="missing") as error:
                value_of(found, form, params)
            assert (error.value.file, error.value.column, error.value.row) == (paths[side], name, 8)
            purpose = (
                "weight" if name == "weight" else "pred" if name in form.columns else ("pred", "label")[side]
            )
            asked = evaluate(*paths, loss=[spec(form, params)], nan="drop", **found.options)
            assert asked.rows.dropped == {f"missing_{purpose}": 1}
            assert asked.rows.used == rows_of(roles) - 1
            got = next(result for result in asked.results if not result.part)
            assert (got.value, got.sum, got.weight) == (without.value, without.sum, without.weight)


# ------------------------------------------------------------------------------------------------
# The laws can fail
# ------------------------------------------------------------------------------------------------


@loss("regression", reference="wrong on purpose")
def in_the_fifth_digit(label: Column, pred: Column) -> Column:
    """A definition that does not belong to its kernel.

        abs(pred - label) * 1.00001

    Wrong on purpose.
    """
    return np.abs(pred - label)


@loss("regression", reference="wrong on purpose")
def by_a_few_ulp(label: Column, pred: Column) -> Column:
    """A kernel that rounds more often than is allowed.

        abs(pred - label)

    Wrong on purpose.
    """
    return np.abs(pred - label) * (1.0 + 2.0**-49)


@loss("regression", reference="wrong on purpose", label=Interval(0.0), pred=Interval(0.0))
def by_cancellation(label: Column, pred: Column) -> Column:
    """A difference of near-equal terms.

        (sqrt(pred) - sqrt(label))**2

    Wrong on purpose.
    """
    return pred + label - 2.0 * np.sqrt(pred) * np.sqrt(label)


@loss("regression", reference="wrong on purpose")
def by_a_tie(label: Column, pred: Column) -> Column:
    """A branch that is never looked at by random numbers.

        1 if pred > label else 0

    Wrong on purpose.
    """
    return (pred >= label) * 1.0


@loss("regression", reference="wrong on purpose")
def with_nan_at_zero(label: Column, pred: Column) -> Column:
    """Zero over zero.

        abs(pred - label) / (abs(pred) + abs(label)) if abs(pred) + abs(label) > 0 else 0

    Wrong on purpose.
    """
    return np.abs(pred - label) / (np.abs(pred) + np.abs(label))


@loss("regression", reference="wrong on purpose")
def with_overflow(label: Column, pred: Column) -> Column:
    """A square on the way to a root.

        sqrt((pred - label)**2 + 1)

    Wrong on purpose.
    """
    return np.sqrt((pred - label) ** 2 + 1.0)


@loss("regression", reference="wrong on purpose")
def in_single_precision(label: Column, pred: Column) -> Column:
    """Half the digits.

        abs(pred - label)

    Wrong on purpose.
    """
    return np.abs(pred - label).astype(np.float32)


@loss("regression", reference="wrong on purpose")
def with_one_row_for_all(label: Column, pred: Column) -> Column:
    """A mean in place of rows.

        abs(pred - label)

    Wrong on purpose.
    """
    return np.abs(pred - label).mean(keepdims=True)


@loss("regression", reference="wrong on purpose")
def into_its_input(label: Column, pred: Column) -> Column:
    """A result that is written over an input.

        abs(pred - label)

    Wrong on purpose.
    """
    if pred.flags.writeable:
        np.subtract(pred, label, out=pred)
        return np.abs(pred)
    return np.abs(pred - label)


@loss("regression", reference="wrong on purpose")
def by_the_block(label: Column, pred: Column) -> Column:
    """A row that is measured by its neighbours.

        abs(pred - label)

    Wrong on purpose.
    """
    return np.abs(pred - label) + (np.arange(len(pred)) == 6)


@loss("regression", reference="wrong on purpose")
def below_the_best(label: Column, pred: Column) -> Column:
    """A little less than nothing.

        abs(pred - label)

    Wrong on purpose.
    """
    return np.abs(pred - label) - 1e-17


@loss("regression", reference="wrong on purpose")
def with_a_warning(label: Column, pred: Column) -> Column:
    """A word that nobody asked for.

        abs(pred - label)

    Wrong on purpose.
    """
    if not label.flags.writeable:
        warnings.warn("this will change", stacklevel=1)
    return np.abs(pred - label)


WRONG: list[tuple[Callable[[Loss], None], Callable[..., Any]]] = [
    (check_near_the_definition, in_the_fifth_digit),
    (check_near_the_definition, by_a_few_ulp),
    (check_near_the_definition, by_cancellation),
    (check_near_the_definition, by_a_tie),
    (check_rows_are_doubles, with_nan_at_zero),
    (check_rows_are_doubles, with_overflow),
    (check_range, with_overflow),
    (check_rows_are_doubles, in_single_precision),
    (check_rows_are_doubles, with_one_row_for_all),
    (check_inputs_are_untouched, into_its_input),
    (check_rows_do_not_depend_on_the_block, by_the_block),
    (check_never_below_the_best, below_the_best),
    (check_best_rows_are_exact, below_the_best),
]


def declared(function: Callable[..., Any]) -> Loss:
    found = getattr(function, MARK)
    assert isinstance(found, Loss)
    return found


@pytest.mark.parametrize("check, planted", WRONG, ids=lambda f: f.__name__)
def test_a_law_fails_for_a_loss_that_breaks_it(
    check: Callable[[Loss], None], planted: Callable[..., Any]
) -> None:
    with pytest.raises(AssertionError):
        check(declared(planted))


def test_a_kernel_that_warns_is_noticed() -> None:
    with pytest.raises(UserWarning, match="will change"):
        check_range(declared(with_a_warning))


def test_a_block_that_matters_is_noticed_in_files_too(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = declared(by_the_block)
    monkeypatch.setattr("losscli.measure.loss_request.find", lambda name, at: (planted,))
    with pytest.raises(AssertionError, match="blocks of"):
        check_cuts_and_formats(planted, tmp_path, ends=False)


def test_a_state_that_merges_wrongly_is_noticed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    form, merge = next(form for form in FORMS if form.name == "mse"), Sums.merge
    # The second of two blocks is taken for the first once more.
    monkeypatch.setattr(Sums, "merge", lambda self, other: merge(self, self if other.rows else other))
    with pytest.raises(AssertionError, match="blocks of"):
        check_cuts_and_formats(form, tmp_path, ends=False)


def test_a_reader_that_is_off_by_an_ulp_is_noticed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    form, number = next(form for form in FORMS if form.name == "mse"), CellReader.number

    def rounded_up(self: CellReader, text: str) -> float | None:
        value = number(self, text)
        return None if value is None else math.nextafter(value, math.inf)

    monkeypatch.setattr(CellReader, "number", rounded_up)
    with pytest.raises(AssertionError, match=r"preds\.csv, blocks of"):
        check_cuts_and_formats(form, tmp_path, ends=False)


def test_a_definition_is_refused_that_is_more_than_arithmetic() -> None:
    for text in ("label.real", "__import__('os')", "lambda: 1", "x = 1", "", "for x in label: x"):
        with pytest.raises((ValueError, SyntaxError)):
            Definition(text)
    with pytest.raises(NameError):
        Definition("open(label)")(label=exact(1.0))


def test_a_definition_is_run_without_rounding() -> None:
    third = Definition("1 / 3")()
    assert nearest(third * 3 - 1) == 0.0 or abs(third * 3 - 1) < 1e-399
    assert nearest(Definition("(1 + 0.1**100) - 1")()) == 1e-100
    assert (
        nearest(Definition("a = [y / 2 for y in label]\nsum(a) if pred > 0 else -inf")(label=[1, 2], pred=1))
        == 1.5
    )
    assert ulps_off(0.3, Definition("0.3")()) <= 0.5
    assert ulps_off(math.nextafter(0.3, 1.0), Definition("0.3")()) > 0.5
    assert ulps_off(5e-324, Definition("0.1**400")()) == 1.0


def test_tests_run_with_warnings_as_errors() -> None:
    with pytest.raises(UserWarning, match="noticed"):
        warnings.warn("noticed", stacklevel=1)
    assert os.environ.get("PYTHONWARNINGS") is None
