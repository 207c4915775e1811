"""A value outside a domain is refused by its place: file, column, row, value and the domain.

Proved for every form of every loss and each of its columns, in both formats, whatever the blocks and
the number of jobs.
"""

from __future__ import annotations

import math
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from draws import (
    Params,
    Roles,
    draw,
    forms,
    generator,
    of_each_kind,
    options_of,
    sides,
    spec,
    title,
    usual_params,
    write,
)
from hypothesis import given
from hypothesis import strategies as st

from losscli.errors import DataError, LosscliError, UsageError
from losscli.loss.declare import Loss
from losscli.loss.domains import AnyClass, Binary, Interval, Simplex, surely_finite
from losscli.report.evaluate import evaluate

FORMS = forms()
every_form = pytest.mark.parametrize("form", FORMS, ids=title)
both_formats = pytest.mark.parametrize("suffix", ["csv", "parquet"])
KINDS = {id(form) for form in of_each_kind(FORMS)}
every_form_and_format = pytest.mark.parametrize(
    "form, suffix",
    [
        # Where a value came from does not matter to a domain: the second format is read by one loss of each kind.
        pytest.param(
            form, suffix, id=f"{title(form)}-{suffix}",
            marks=() if suffix == "csv" or id(form) in KINDS else pytest.mark.run_all,
        )
        for form in FORMS
        for suffix in ("csv", "parquet")
    ],
)  # fmt: skip
every_kind = pytest.mark.parametrize(
    "form",
    [
        pytest.param(form, id=title(form), marks=() if id(form) in KINDS else pytest.mark.run_all)
        for form in FORMS
    ],
)

T = TypeVar("T")
ROWS = 40
WHOLE = (65536, 1)
WORK = [(1, 1), (7, 4), (65536, 2)]
"""Blocks of how many rows, and how many jobs."""


NUMBERS = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 0.5, 1.0, 1e200, -1e200, math.inf, math.nan]))
INTERVALS = st.builds(
    Interval,
    low=st.sampled_from([-math.inf, -1.0, 0.0]),
    high=st.sampled_from([math.inf, 1.0, 1e200]),
    open_low=st.booleans(),
    open_high=st.booleans(),
)


@given(st.lists(NUMBERS), INTERVALS)
def test_what_is_known_of_a_column_changes_nothing_of_its_check(
    values: list[float], interval: Interval
) -> None:
    column = np.array(values, dtype=np.float64)
    finite = bool(np.isfinite(column).all())
    inside = [
        math.isfinite(value)
        and (value > interval.low if interval.open_low else value >= interval.low)
        and (value < interval.high if interval.open_high else value <= interval.high)
        for value in values
    ]
    for known in {False, finite}:
        outside = interval.outside(column, finite=known)
        assert (outside is None) == all(inside)
        if outside is not None:
            assert outside.tolist() == [not within for within in inside]
    # What is not finite is never taken for it; what is, only where squares overflow is it not seen.
    assert not surely_finite(column) or finite
    assert surely_finite(column) or not finite or np.abs(column).max() > 1e150


def refusal(
    folder: Any, loss: str, preds: dict[str, Any], labels: dict[str, Any], options: dict[str, Any],
    suffix: str = "parquet", kind: type[LosscliError] = DataError, *, in_blocks: bool = True,
) -> Any:  # fmt: skip
    """The error, which must be the same for all blocks and jobs: as a whole, and in a way that the rows choose."""
    paths = [str(folder / f"{name}.{suffix}") for name in ("preds", "labels")]
    write(paths[0], preds, row_group=11)
    write(paths[1], labels, row_group=17)
    chosen = zlib.crc32(b"".join(Path(path).read_bytes() for path in paths)) % len(WORK)
    found = []
    for chunk_rows, jobs in (WHOLE, WORK[chosen]) if in_blocks else (WHOLE,):
        with pytest.raises(kind) as error:
            evaluate(*paths, loss=[loss], chunk_rows=chunk_rows, jobs=jobs, **options)
        found.append(error.value)
    assert len({str(error) for error in found}) == 1
    assert found[0].exit_code == (3 if kind is DataError else 2)
    return found[0]


def with_values(column: Any, bad: dict[int, Any]) -> Any:
    """The column with other values in some rows, as numbers where all are."""
    held = column.tolist()
    for row, value in bad.items():
        held[row - 1] = value
    return held if any(isinstance(value, str) for value in held) else np.array(held)


def outside(domain: Any) -> list[float]:
    """Numbers next to the ends of a domain, and far from them, that are not in it."""
    if isinstance(domain, Binary):
        return [2.0, -0.5, -1e-300, 1.0 + 2.0**-52, 1e308, math.inf, -math.inf] + (
            [] if domain.soft else [0.5, 1e-9]
        )
    if isinstance(domain, Simplex):
        return [-5e-324, -1.0, 1.0 + 2.0**-52, 50.0, math.inf, -math.inf]
    found = [value for value in (math.inf, -math.inf) if value not in domain]
    if math.isfinite(domain.low):
        found += [domain.low] if domain.open_low else []
        found += [math.nextafter(domain.low, -math.inf), domain.low - 7.0, -1e308]
    if math.isfinite(domain.high):
        found += [domain.high] if domain.open_high else []
        found += [math.nextafter(domain.high, math.inf), domain.high + 7.0, 1e308]
    if domain.without is not None:
        found += [domain.without]
    if domain.whole:
        found += [0.5, math.nextafter(1.0, 0.0)]
    return [value for value in found if value not in domain]  # 1e300 + 7 is 1e300


def checked_columns(form: Loss, params: Params, roles: Roles) -> Iterator[tuple[int, str, Any]]:
    """The side, name and domain of columns of every role whose numbers have a domain."""
    for role in form.roles:
        domain = form.domain(role, params)
        if isinstance(domain, AnyClass) or role.shape in ("Times", "Texts"):
            continue
        side = int(role not in form.pred_roles)
        names = list(sides(form, {role.name: roles[role.name]})[side])
        for name in dict.fromkeys((names[0], names[-1])):  # of many columns, the ends
            yield side, name, domain


INFINITE = ("inf", "-inf", "infinity", "1e400")
NO_NUMBERS = ("abc", "1_000", "0x10", "１", "1,5", "0.5.1", "1e", "--1")


def in_turn(values: Sequence[T], form: Loss, count: int) -> list[T]:
    """So many of the values, the next ones for the next form: all forms together try each many times."""
    first = FORMS.index(form) * count
    return [values[(first + at) % len(values)] for at in range(count)]


@every_form_and_format
def test_a_value_outside_the_domain_is_refused_by_file_column_row_and_value(
    form: Loss, suffix: str, tmp_path: Any, run_all: bool
) -> None:
    params = usual_params(form)
    roles = draw(form, params, generator(form, "domain"), ROWS)
    options = options_of(form, roles)
    # What blocks do to an error is shown by one loss of each kind.
    thorough = run_all or id(form) in KINDS
    tried = 0
    for side, name, domain in checked_columns(form, params, roles):
        values = outside(domain)
        if suffix == "csv":  # infinity is refused by the reader, in its own words
            values = [value for value in values if math.isfinite(value)]
        values = in_turn(values, form, min(3 if run_all else 1, len(values)))
        for value in values:
            columns = sides(form, roles)
            columns[side][name] = with_values(columns[side][name], {23: value, 31: value})
            error = refusal(tmp_path, spec(form, params), *columns, options, suffix, in_blocks=thorough)
            shown = repr(float(value)).removesuffix(".0")
            assert error.file is not None
            assert error.file.endswith(f"{('preds', 'labels')[side]}.{suffix}")
            assert (error.column, error.row) == (name, 23), f"{value!r} in {domain}"
            text = f"{error.message}\n{error.detail}"
            assert shown in error.message, text
            assert str(domain).removeprefix("the ") in text or isinstance(domain, Simplex), text
            assert f"2 of {ROWS} rows" in text, text
            tried += 1
    without = [isinstance(role.domain, AnyClass) or role.shape == "Texts" for role in form.roles]
    assert tried or suffix == "csv" or all(without)


@every_kind
def test_infinity_in_a_csv_is_refused_by_its_place(form: Loss, tmp_path: Any) -> None:
    params = usual_params(form)
    roles = draw(form, params, generator(form, "infinity"), ROWS)
    for side, name, domain in checked_columns(form, params, roles):
        for text in in_turn(INFINITE, form, 1):
            if isinstance(domain, Interval) and domain.infinite == float(text) and text != "1e400":
                continue  # an end of an interval may be infinite
            columns = sides(form, roles)
            columns[side][name] = with_values(columns[side][name], {23: text})
            error = refusal(tmp_path, spec(form, params), *columns, options_of(form, roles), "csv")
            assert (error.column, error.row) == (name, 23), text


@every_kind
def test_text_among_numbers_is_refused_by_its_place(form: Loss, tmp_path: Any) -> None:
    params = usual_params(form)
    roles = draw(form, params, generator(form, "text"), ROWS)
    for side, name, _ in checked_columns(form, params, roles):
        for text in in_turn(NO_NUMBERS, form, 2):
            columns = sides(form, roles)
            quoted = f'"{text}"' if "," in text else text
            columns[side][name] = with_values(columns[side][name], {23: quoted, 30: quoted})
            error = refusal(tmp_path, spec(form, params), *columns, options_of(form, roles), "csv")
            assert error.file is not None
            assert error.file.endswith(("preds.csv", "labels.csv")[side])
            assert (error.column, error.row) == (name, 23), text
            assert text in f"{error.message}\n{error.detail}"


@every_kind
def test_the_lowest_bad_row_of_all_columns_is_the_one_that_is_named(form: Loss, tmp_path: Any) -> None:
    params = usual_params(form)
    roles = draw(form, params, generator(form, "lowest"), ROWS)
    places = list(checked_columns(form, params, roles))
    for at, (side, name, domain) in enumerate(places):
        columns = sides(form, roles)
        columns[side][name] = with_values(
            columns[side][name], {19: outside(domain)[-1], 20: outside(domain)[0]}
        )
        for other_side, other, other_domain in places[:at] + places[at + 1 :]:
            columns[other_side][other] = with_values(
                columns[other_side][other], {21: outside(other_domain)[-1]}
            )
        error = refusal(tmp_path, spec(form, params), *columns, options_of(form, roles))
        assert (error.column, error.row) == (name, 19)


@every_kind
def test_every_bad_row_is_counted(form: Loss, tmp_path: Any) -> None:
    params = usual_params(form)
    roles = draw(form, params, generator(form, "counts"), ROWS)
    for side, name, domain in checked_columns(form, params, roles):
        columns = sides(form, roles)
        columns[side][name] = with_values(
            columns[side][name], dict.fromkeys((5, 6, 7, 20, 40), outside(domain)[0])
        )
        error = refusal(tmp_path, spec(form, params), *columns, options_of(form, roles))
        assert error.row == 5
        assert f"5 of {ROWS} rows" in str(error)


@every_form_and_format
def test_the_ends_of_a_domain_that_belong_to_it_are_accepted(form: Loss, suffix: str, tmp_path: Any) -> None:
    params = usual_params(form)
    roles = draw(form, params, generator(form, "ends"), ROWS, ends=True)
    paths = [str(tmp_path / f"{name}.{suffix}") for name in ("preds", "labels")]
    for path, columns in zip(paths, sides(form, roles), strict=True):
        write(path, columns)
    report = evaluate(*paths, loss=[spec(form, params)], **options_of(form, roles))
    assert report.rows.used == ROWS


# ------------------------------------------------------------------------------------------------
# Two classes
# ------------------------------------------------------------------------------------------------

PROBABILITY = {"pred": np.tile([0.2, 0.9, 0.4, 0.6], 10)}
PLAIN = {"pred": "pred", "label": "label"}
BINARY_LOSSES = ["log_loss", "brier"]


@pytest.mark.parametrize("loss", BINARY_LOSSES)
@pytest.mark.parametrize("minus, zero", [(3, 29), (29, 3), (1, 40), (40, 1)])
@both_formats
def test_labels_of_minus_one_and_of_zero_do_not_mix(
    loss: str, minus: int, zero: int, suffix: str, tmp_path: Any
) -> None:
    label = with_values(np.ones(ROWS), {minus: -1.0, zero: 0.0})
    error = refusal(tmp_path, loss, PROBABILITY, {"label": label}, PLAIN, suffix)
    assert (error.column, error.row) == ("label", max(minus, zero))
    assert f"row {minus}" in str(error)
    assert f"row {zero}" in str(error)


@pytest.mark.parametrize("loss", BINARY_LOSSES)
def test_a_bad_value_before_the_labels_begin_to_mix_comes_first(loss: str, tmp_path: Any) -> None:
    label = with_values(np.ones(ROWS), {5: -1.0, 20: 0.0, 12: 7.0})
    error = refusal(tmp_path, loss, PROBABILITY, {"label": label}, PLAIN)
    assert (error.row, "7" in error.message) == (12, True)
    label = with_values(np.ones(ROWS), {5: -1.0, 20: 0.0, 33: 7.0})
    assert refusal(tmp_path, loss, PROBABILITY, {"label": label}, PLAIN).row == 20


@pytest.mark.parametrize("loss", BINARY_LOSSES)
@both_formats
def test_labels_of_minus_one_and_one_are_two_classes(loss: str, suffix: str, tmp_path: Any) -> None:
    signs, truth = np.tile([-1, 1, 1, -1], 10), np.tile([0, 1, 1, 0], 10)
    values = []
    for label in (signs, truth, signs.astype(float)):
        paths = [str(tmp_path / f"{name}.{suffix}") for name in ("preds", "labels")]
        write(paths[0], PROBABILITY)
        write(paths[1], {"label": label})
        values.append(
            {evaluate(*paths, loss=[loss], chunk_rows=c, jobs=j, **PLAIN).results[0].value for c, j in WORK}
        )
    assert values[0] == values[1] == values[2]
    assert len(values[0]) == 1


@pytest.mark.parametrize("loss", BINARY_LOSSES)
@pytest.mark.parametrize(
    "value, hint", [(37.0, "percent"), (100.0, "percent"), (-2.5, "--from-logits"), (250.0, "--from-logits")]
)
def test_probabilities_that_look_like_something_else_come_with_advice(
    loss: str, value: float, hint: str, tmp_path: Any
) -> None:
    preds = {"pred": with_values(PROBABILITY["pred"], {4: value})}
    error = refusal(tmp_path, loss, preds, {"label": np.tile([0, 1], 20)}, PLAIN)
    assert error.row == 4
    assert error.hint is not None
    assert hint in error.hint


# ------------------------------------------------------------------------------------------------
# Several classes
# ------------------------------------------------------------------------------------------------

SHARES = {"p_cat": np.full(ROWS, 0.5), "p_cow": np.full(ROWS, 0.25), "p_dog": np.full(ROWS, 0.25)}
CLASS_COLUMNS = {"pred": "p_cat,p_cow,p_dog", "label": "label"}
ANIMALS = np.array(["cat", "dog", "cow", "cat"] * 10)


@pytest.mark.parametrize("loss", ["cross_entropy", "brier", "zero_one"])
@both_formats
def test_a_label_of_an_unknown_class_is_refused_and_the_classes_are_named(
    loss: str, suffix: str, tmp_path: Any
) -> None:
    label = ANIMALS.astype(object)
    label[[21, 30]] = "bird"
    error = refusal(tmp_path, loss, SHARES, {"label": label.tolist()}, CLASS_COLUMNS, suffix)
    assert (error.column, error.row) == ("label", 22)
    assert "bird" in error.message
    assert "`cat`, `cow`, `dog`" in str(error)
    assert f"2 of {ROWS} rows" in str(error)


@pytest.mark.parametrize("loss", ["cross_entropy", "brier", "zero_one"])
@pytest.mark.parametrize("label", [-1, 3, 2**53])
def test_a_class_number_without_a_column_is_refused_and_minus_one_is_not_the_last(
    loss: str, label: int, tmp_path: Any
) -> None:
    preds = {f"p_{at}": column for at, column in enumerate(SHARES.values())}
    labels = {"label": with_values(np.zeros(ROWS, np.int64), {9: label})}
    error = refusal(tmp_path, loss, preds, labels, {"pred": "p_0,p_1,p_2", "label": "label"})
    assert (error.column, error.row) == ("label", 9)
    assert f"`{label}`" in error.message


@pytest.mark.parametrize("loss", ["cross_entropy", "brier"])
@both_formats
def test_probabilities_that_do_not_sum_to_one_are_refused(loss: str, suffix: str, tmp_path: Any) -> None:
    for off in (1.1e-3, -1.1e-3, -0.25, 0.5):
        preds = SHARES | {"p_cat": with_values(SHARES["p_cat"], {13: 0.5 + off, 14: 0.4})}
        error = refusal(tmp_path, loss, preds, {"label": ANIMALS.tolist()}, CLASS_COLUMNS, suffix)
        assert error.row == 13
        assert error.column == "p_cat"
        assert f"2 of {ROWS} rows" in str(error)
        assert "sum to" in error.message


@pytest.mark.parametrize("loss", ["cross_entropy", "brier"])
@pytest.mark.parametrize(
    "off, warned", [(9e-4, True), (-9e-4, True), (2e-8, True), (1e-8, False), (1e-9, False)]
)
def test_probabilities_that_all_but_sum_to_one_are_used_as_they_are_and_said_so(
    loss: str, off: float, warned: bool, tmp_path: Any
) -> None:
    path = str(tmp_path / "rows.parquet")
    write(path, SHARES | {"p_cat": with_values(SHARES["p_cat"], {13: 0.5 + off}), "label": ANIMALS.tolist()})
    for chunk_rows, jobs in WORK:
        report = evaluate(path, loss=[loss], chunk_rows=chunk_rows, jobs=jobs, **CLASS_COLUMNS)
        assert report.results[0].touched == ({"sum_not_one": 1} if warned else {})
        assert len(report.warnings) == warned
        assert all("1" in words and loss in words for words in report.warnings)


@pytest.mark.parametrize("loss", ["cross_entropy", "brier"])
def test_shares_of_a_label_that_do_not_sum_to_one_are_refused(loss: str, tmp_path: Any) -> None:
    labels = {
        "y_cat": np.full(ROWS, 0.5),
        "y_cow": np.full(ROWS, 0.5),
        "y_dog": with_values(np.zeros(ROWS), {8: 0.3}),
    }
    options = CLASS_COLUMNS | {"label": "y_cat,y_cow,y_dog"}
    error = refusal(tmp_path, loss, SHARES, labels, options)
    assert error.row == 8
    assert "sum to" in error.message


def test_columns_of_labels_and_of_predictions_are_matched_by_name_in_any_order(tmp_path: Any) -> None:
    rng = np.random.default_rng(2)
    shares, truth = rng.dirichlet([1.0, 1.0, 1.0], ROWS), rng.dirichlet([1.0, 1.0, 1.0], ROWS)
    path, names = str(tmp_path / "rows.parquet"), ["cat", "cow", "dog"]
    write(path, {f"{letter}_{name}": column for letter, values in (("p", shares), ("y", truth))
                 for name, column in zip(names, values.T, strict=True)})  # fmt: skip
    values = set()
    for order in ("p_cat,p_cow,p_dog", "p_dog,p_cat,p_cow", "p_*"):
        for labels in ("y_cat,y_cow,y_dog", "y_cow,y_dog,y_cat"):
            values |= {
                evaluate(path, loss=["cross_entropy:eps=0"], pred=order, label=labels).results[0].value
            }
    # The order in which a row's classes are summed may show in its last bits, and in nothing else.
    assert max(values) - min(values) <= 8 * math.ulp(max(values))


def test_columns_named_for_other_classes_are_refused_with_both_lists(tmp_path: Any) -> None:
    labels = {"y_cat": np.ones(ROWS), "y_cow": np.zeros(ROWS), "y_fox": np.zeros(ROWS)}
    options = CLASS_COLUMNS | {"label": "y_cat,y_cow,y_fox"}
    error = refusal(tmp_path, "cross_entropy", SHARES, labels, options)
    assert "`y_fox`" in str(error)
    assert "`p_dog`" in str(error)


# ------------------------------------------------------------------------------------------------
# Shapes
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss, preds, labels",
    [
        ("hamming", 3, 2),
        ("hamming", 3, 1),
        ("hamming_count", 2, 3),
        ("cross_entropy", 3, 2),
        ("cross_entropy", 1, 1),
        ("cross_entropy", 1, 3),
        ("brier", 2, 3),
        ("log_loss", 2, 1),
        ("mse", 2, 1),
        ("mse", 1, 2),
        ("r2", 3, 1),
    ],
)
def test_columns_that_a_loss_cannot_compare_are_a_usage_error_with_both_widths(
    loss: str, preds: int, labels: int, tmp_path: Any
) -> None:
    if (loss, preds, labels) == ("hamming", 3, 1):
        pytest.skip("a class against a column for each class: the first greatest one counts")
    columns = [
        {f"{letter}_{at}": np.full(ROWS, 0.0) for at in range(n)}
        for letter, n in (("p", preds), ("y", labels))
    ]
    options = {"pred": ",".join(columns[0]), "label": ",".join(columns[1])}
    error = refusal(tmp_path, loss, *columns, options, kind=UsageError)
    text = str(error)
    assert f"`{loss}`" in text
    assert f"{preds} prediction" in text
    assert f"{labels} label" in text


def test_raw_scores_are_asked_for_by_the_losses_that_take_them_and_by_no_other(tmp_path: Any) -> None:
    rng = np.random.default_rng(3)
    path = str(tmp_path / "rows.parquet")
    write(path, {"pred": rng.normal(0.0, 3.0, ROWS), "label": rng.integers(0, 2, ROWS)})
    for loss in ("log_loss", "zero_one"):
        assert evaluate(path, loss=[loss], from_logits=True, **PLAIN).results[0].value is not None
    for loss in ("mse", "huber", "mape"):
        with pytest.raises(UsageError, match=f"`{loss}` has no form for raw scores"):
            evaluate(path, loss=[loss], from_logits=True, **PLAIN)
    with pytest.raises(UsageError, match="`eps`"):
        evaluate(path, loss=["log_loss:eps=0.1"], from_logits=True, **PLAIN)


def test_a_raw_score_of_zero_predicts_no(tmp_path: Any) -> None:
    path = str(tmp_path / "rows.parquet")
    write(path, {"pred": [0.0, 5e-324, -3.0, 7.0], "label": [0, 1, 1, 0]})
    assert evaluate(path, loss=["zero_one"], from_logits=True, **PLAIN).results[0].value == 0.5


# ------------------------------------------------------------------------------------------------
# Weights
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [-1.0, -5e-324, math.inf, -math.inf])
@both_formats
def test_a_weight_that_is_negative_or_infinite_is_refused(value: float, suffix: str, tmp_path: Any) -> None:
    if suffix == "csv" and math.isinf(value):
        value = -2.0
    labels = {"label": np.ones(ROWS), "weight": with_values(np.ones(ROWS), {26: value, 27: value})}
    error = refusal(tmp_path, "mse", PROBABILITY, labels, PLAIN | {"weight": "weight"}, suffix)
    assert (error.column, error.row) == ("weight", 26)
    assert f"2 of {ROWS} rows" in str(error)


def test_weights_that_are_all_zero_leave_nothing_to_measure(tmp_path: Any) -> None:
    for loss in ("mse", "rmse", "r2"):
        labels = {"label": np.ones(ROWS), "weight": np.zeros(ROWS)}
        error = refusal(tmp_path, loss, PROBABILITY, labels, PLAIN | {"weight": "weight"})
        assert error.column == "weight"
        assert "zero" in error.message


def test_a_row_of_weight_zero_is_checked_all_the_same(tmp_path: Any) -> None:
    preds = {"pred": with_values(PROBABILITY["pred"], {11: 1.5})}
    labels = {"label": np.ones(ROWS), "weight": with_values(np.ones(ROWS), {11: 0.0})}
    assert refusal(tmp_path, "brier", preds, labels, PLAIN | {"weight": "weight"}).row == 11


# ------------------------------------------------------------------------------------------------
# Missing values, lengths, and the command
# ------------------------------------------------------------------------------------------------


@both_formats
def test_nan_is_a_missing_value_and_no_number(suffix: str, tmp_path: Any) -> None:
    for value in (math.nan, None):
        preds = {"pred": with_values(PROBABILITY["pred"].astype(object), {17: value, 18: value}).tolist()}
        error = refusal(tmp_path, "mae", preds, {"label": np.ones(ROWS)}, PLAIN, suffix)
        assert (error.column, error.row) == ("pred", 17)
        assert "missing" in error.message
        assert f"2 of {ROWS} rows" in str(error)
        assert error.hint is not None
        assert "--nan drop" in error.hint


@both_formats
@pytest.mark.parametrize("more", [-1, 1, -39, 40])
def test_files_of_unequal_length_are_refused_with_both_lengths(suffix: str, more: int, tmp_path: Any) -> None:
    error = refusal(tmp_path, "mae", PROBABILITY, {"label": np.ones(ROWS + more)}, PLAIN, suffix)
    assert f"{ROWS + more} row" in str(error)
    assert f"has {ROWS}" in str(error)


def test_the_command_ends_in_3_and_says_where_what_and_why(tmp_path: Any) -> None:
    path = str(tmp_path / "p.csv")
    write(path, {"pred": with_values(PROBABILITY["pred"], {23: 1.4}), "label": np.tile([0, 1], 20)})
    ran = subprocess.run(
        [sys.executable, "-m", "losscli", "eval", path, "-l", "log_loss"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (3, "")
    for part in (
        path,
        "column `pred`",
        "row 23",
        "1.4",
        "[0, 1]",
        "`log_loss`",
        f"1 of {ROWS} rows",
        "hint:",
    ):
        assert part in ran.stderr, part
    assert "Traceback" not in ran.stderr
