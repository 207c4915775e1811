"""Approximate forms: the exact value lies within their bound, and what they keep merges, is saved and drawn again."""

from __future__ import annotations

import json
import math
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from draws import all_params, draw, forms, generator, kept, row_params, title

from losscli.cli import main
from losscli.errors import DataError, UsageError
from losscli.loss.declare import Loss, Undefined
from losscli.loss.derive import approximated
from losscli.numbers.counted import bins_of, values_of_bins
from losscli.numbers.states import state_kind
from losscli.report.evaluate import evaluate
from losscli.report.finish import finish, rounded
from losscli.report.merge import merge
from losscli.report.within import Within

FORMS = [form for form in forms() if form.approximate is not None]
DIGITS = (1, 3, 8, 24)

every = pytest.mark.parametrize("form", FORMS, ids=title)


def weights_of(kind: str, rng: np.random.Generator, rows: int) -> Any:
    return {
        "none": None,
        "whole": rng.integers(1, 5, rows).astype(np.float64),
        "fractions": rng.random(rows) + 0.01,
        "far apart": 10.0 ** rng.integers(-200, 200, rows),
    }[kind]


def columns_of(form: Loss, roles: Any, params: Any) -> tuple[Any, ...]:
    found = form.measure_rows(roles, row_params(form, params, roles))
    return found if isinstance(found, tuple) else (found,)


def state_of(form: Loss, columns: Any, weight: Any) -> Any:
    if form.digits is not None:
        columns = (bins_of(columns[0], form.digits), *columns[1:])
    return state_kind(form.state).of(columns, weight)


def drawn_calls(form: Loss, purpose: str) -> Any:
    """Parameters, columns and weights: ordinary rows, tied ones, and rows at the ends of the domains."""
    rng = generator(form, purpose)
    for params in all_params(form, rng, 4):
        for ends in (False, True):
            for kind in ("none", "whole", "fractions", "far apart"):
                roles = kept(form, draw(form, params, rng, 150, ends=ends), params)
                columns = columns_of(form, roles, params)
                if not ends and kind != "none":
                    columns = (np.round(columns[0], 1), *columns[1:])
                yield params, columns, weights_of(kind, rng, len(columns[0]))


def own(form: Loss, params: Any) -> Any:
    return {name: value for name, value in params.items() if name in form.own_params}


@every
def test_the_exact_value_lies_within_the_bound(form: Loss) -> None:
    tight = []
    for params, columns, weight in drawn_calls(form, "bound"):
        exact = finish(form, own(form, params), state_of(form, columns, weight), str)
        for digits in DIGITS:
            (near,) = approximated([form], digits)
            found = finish(near, own(form, params), state_of(near, columns, weight), str)
            if isinstance(exact, Undefined):
                assert found == exact
                continue
            assert isinstance(found, Within)
            wanted, value = rounded(exact)[0], rounded(found)[0]
            if wanted is None or value is None or math.isinf(found.bound):
                continue
            assert abs(Fraction(wanted) - Fraction(value)) <= Fraction(found.bound)
            tight.append(found.bound <= abs(wanted) * 2.0 ** (3 - digits))
    assert any(tight)


@every
def test_rows_of_no_more_digits_have_the_exact_value(form: Loss) -> None:
    (near,) = approximated([form], 24)
    for params, columns, weight in drawn_calls(form, "digits"):
        # Errors that were not rounded, as multiples of 1/8.
        columns = (np.round(np.clip(columns[0], -1e5, 1e5) * 8) / 8, *columns[1:])
        columns = columns if near.state == "counted_scores" else (columns[0], *(c * 0.0 for c in columns[1:]))
        exact = finish(form, own(form, params), state_of(form, columns, weight), str)
        found = finish(near, own(form, params), state_of(near, columns, weight), str)
        if isinstance(exact, Undefined):
            assert found == exact
        else:
            assert rounded(found)[0] == pytest.approx(rounded(exact)[0], rel=1e-14)


@every
def test_counts_merge_and_are_saved_to_the_bit(form: Loss) -> None:
    (near,) = approximated([form], 6)
    kind = state_kind(near.state)
    for params, columns, weight in drawn_calls(form, "merging"):
        whole = state_of(near, columns, weight)
        parts = [
            state_of(near, [c[cut] for c in columns], None if weight is None else weight[cut])
            for cut in (slice(100, None), slice(0), slice(0, 7), slice(7, 100))
        ]
        merged = kind.empty(weighted=weight is not None)
        for part in parts:
            merged = merged.merge(kind.from_json(json.loads(json.dumps(part.to_json()))))
        one, other = (finish(near, own(near, params), state, str) for state in (whole, merged))
        assert rounded(one) == rounded(other)
        if isinstance(one, Within) and isinstance(other, Within):
            assert one.bound == other.bound


@every
def test_a_whole_weight_repeats_its_row(form: Loss) -> None:
    (near,) = approximated([form], 4)
    params, columns, weight = next(call for call in drawn_calls(form, "weights") if call[2] is not None)
    one = finish(near, own(near, params), state_of(near, columns, weight), str)
    times = weight.astype(np.int64)
    assert (times == weight).all()
    other = finish(near, own(near, params), state_of(near, [np.repeat(c, times) for c in columns], None), str)
    assert rounded(one) == rounded(other)
    assert isinstance(one, Within)
    assert isinstance(other, Within)
    assert one.bound == other.bound


@pytest.mark.parametrize("digits", [1, 2, 8, 23, 24])
def test_a_bin_is_the_nearest_number_of_so_many_digits(digits: int) -> None:
    rng = np.random.default_rng(digits)
    values = rng.normal(size=2000) * 10.0 ** rng.integers(-300, 300, 2000)
    values = np.concatenate([
        values, [0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308],
        [math.inf, -math.inf],
    ])  # fmt: skip
    bins = bins_of(values, digits)
    for value, bin_, number, low, high in zip(
        values.tolist(),
        bins.tolist(),
        *(values_of_bins(bins, digits, side).tolist() for side in (0, -1, 1)),
        strict=True,
    ):
        assert low <= value <= high
        assert low <= number <= high
        assert 0 <= bin_ < 1 << 36
        if math.isfinite(value) and 1e-300 < abs(value) < 1e300:
            mantissa, exponent = math.frexp(value)
            assert number == math.ldexp(
                math.floor(abs(mantissa) * 2**digits + 0.5), exponent - digits
            ) * math.copysign(1, value)
            assert abs(high - low) <= abs(value) * 2.0 ** (2 - digits)
    order = np.argsort(values[:-2], kind="stable")
    assert (np.diff(bins[order]) >= 0).all()
    assert bins_of(np.array([-0.0]), digits) == bins_of(np.array([0.0]), digits)


# ------------------------------------------------------------------------------------------------
# From a file to a result
# ------------------------------------------------------------------------------------------------

ROWS = 400


def table() -> pa.Table:
    rng = np.random.default_rng(3)
    label = (rng.random(ROWS) < 0.4).astype(np.int64)
    score = np.where(label, rng.beta(3, 2, ROWS), rng.beta(2, 3, ROWS))
    number = rng.normal(size=ROWS)
    kinds = rng.integers(0, 3, ROWS)
    probabilities = rng.dirichlet(np.ones(3), ROWS)
    return pa.table({
        "y": label, "p": score, "z": number, "f": number + rng.normal(size=ROWS), "w": rng.random(ROWS) + 0.1,
        "g": [f"g{at % 20}" for at in range(ROWS)], "kind": np.array(["ant", "bee", "cow"])[kinds],
        **{f"p_{name}": probabilities[:, at] for at, name in enumerate(("ant", "bee", "cow"))},
    })  # fmt: skip


@pytest.fixture
def files(tmp_path: Any) -> list[str]:
    """The whole, and its rows in two files."""
    paths = []
    for name, rows in (("whole", table()), ("one", table()[:130]), ("two", table()[130:])):
        paths.append(str(tmp_path / f"{name}.parquet"))
        pq.write_table(rows, paths[-1])
    return paths


SCORES = {
    "pred": "p",
    "label": "y",
    "loss": "auc:approx=5,average_precision:approx=5,ks:approx=4,gini:approx=5",
}
NUMBERS = {
    "pred": "f", "label": "z",
    "loss": "medae:approx=7,quantile_ae:quantile=0.9,approx=7,median_bias:approx=5,quantile_of:of=huber,share=0.9,approx=6",
}  # fmt: skip
CALLS: dict[str, dict[str, Any]] = {
    "scores": SCORES,
    "numbers": NUMBERS,
    "weights": SCORES | {"weight": "w"},
    "slices": NUMBERS | {"by": ["kind", "g"], "weight": "w"},
    "groups": SCORES | {"group": "kind"},
    "weighted groups": NUMBERS | {"group": "g", "weight": "w", "by": ["kind"]},
    "classes": {"pred": "p_*", "label": "kind", "loss": "auc:approx=6"},
    "weighted classes": {"pred": "p_*", "label": "kind", "loss": "auc:approx=6", "average": "weighted"},
    "all classes together": {"pred": "p_*", "label": "kind", "loss": "auc:approx=6", "average": "micro"},
    "a class each": {"pred": "p_*", "label": "kind", "loss": "auc:approx=6", "average": "none"},
    "the bootstrap": {"pred": "p", "label": "y", "loss": "auc:approx=3", "ci": "bootstrap:seed=1"},
    "the bootstrap of numbers": {
        "pred": "f",
        "label": "z",
        "loss": "medae:approx=3",
        "ci": "bootstrap:cluster=g",
    },
}


def exact_call(options: dict[str, Any]) -> dict[str, Any]:
    loss = ",".join(part for part in options["loss"].split(",") if not part.startswith("approx="))
    for digits in range(3, 8):
        loss = loss.replace(f":approx={digits}", "")
    return options | {"loss": loss}


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("name", CALLS)
def test_every_result_of_a_call_has_a_bound_that_holds(name: str, files: list[str]) -> None:
    near, exact = (evaluate(files[0], **options) for options in (CALLS[name], exact_call(CALLS[name])))
    assert len(near.results) == len(exact.results) > 0
    for one, other in zip(near.results, exact.results, strict=True):
        assert one.value is not None
        assert other.value is not None
        assert one.detail is not None
        bound = one.detail["bound"]
        assert abs(Fraction(one.value) - Fraction(other.value)) <= Fraction(bound)
        assert bound < 0.5
        assert one.note is not None
        said = float(one.note.split("within ±")[1].split(" ")[0])
        assert bound <= said <= 1.02 * bound or said == bound == 0.0
        assert "approx=" in one.signature
        assert "approx=" not in other.signature


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("name", [name for name in CALLS if name != "the bootstrap"])
def test_merged_states_give_the_bits_of_one_call_over_all_rows(
    name: str, files: list[str], tmp_path: Any
) -> None:
    options = CALLS[name]
    states = [str(tmp_path / f"{at}.state") for at in (1, 2)]
    for path, state in zip(files[1:], states, strict=True):
        evaluate(path, state_out=state, **options)
    whole, merged = evaluate(files[0], **options), merge(states)
    for one, other in zip(whole.results, merged.results, strict=True):
        assert (one.value, one.detail, one.note, one.signature, one.ci) == (
            other.value, other.detail, other.note, other.signature, other.ci,
        )  # fmt: skip


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_neither_blocks_nor_jobs_change_a_bit(chunk: int, files: list[str]) -> None:
    for options in (SCORES | {"weight": "w"}, NUMBERS):
        one = evaluate(files[0], **options)
        other = evaluate(files[0], chunk_rows=chunk, jobs=3, **options)
        assert [(r.value, r.detail, r.note) for r in one.results] == [
            (r.value, r.detail, r.note) for r in other.results
        ]


def test_shards_are_merged(files: list[str], tmp_path: Any) -> None:
    states = []
    for at in (1, 2, 3):
        states.append(str(tmp_path / f"{at}.state"))
        evaluate(files[0], state_out=states[-1], shard=f"{at}/3", **SCORES)
    assert [r.value for r in merge(states).results] == [r.value for r in evaluate(files[0], **SCORES).results]


def test_the_exact_form_names_the_approximate_one_where_it_is_not_saved(
    files: list[str], tmp_path: Any
) -> None:
    for options, name in ((SCORES, "auc"), (NUMBERS, "medae")):
        with pytest.raises(UsageError) as refused:
            evaluate(files[0], state_out=str(tmp_path / "state"), **(options | {"loss": name}))
        assert f"`{name}:approx=12` can be merged" in (refused.value.hint or "")


def test_bins_that_do_not_fit_into_the_memory_are_refused(tmp_path: Any) -> None:
    rng = np.random.default_rng(5)
    path = str(tmp_path / "rows.parquet")
    pq.write_table(pa.table({"pred": rng.random(40_000), "label": rng.random(40_000)}), path)
    assert evaluate(path, loss="medae:approx=6", memory=1 << 20).results[0].value is not None
    with pytest.raises(DataError, match="the bins of rounded values do not fit into memory") as refused:
        evaluate(path, loss="medae:approx=24", memory=1 << 20)
    assert "a smaller `approx` has fewer" in (refused.value.hint or "")


def test_no_digits_is_the_exact_form(files: list[str]) -> None:
    one, other = (evaluate(files[0], pred="p", label="y", loss=loss) for loss in ("auc", "auc:approx=none"))
    assert one.results == other.results


@pytest.mark.parametrize("digits", ["0", "25", "2.5", "x"])
def test_digits_out_of_range_are_refused(digits: str, files: list[str]) -> None:
    with pytest.raises(UsageError, match=r"is not in the whole numbers of \[1, 24\] or none"):
        evaluate(files[0], pred="p", label="y", loss=f"auc:approx={digits}")


def test_a_loss_without_an_approximate_form_has_no_such_parameter(files: list[str]) -> None:
    with pytest.raises(UsageError, match="`mae` has no parameter `approx`"):
        evaluate(files[0], pred="f", label="z", loss="mae:approx=3")


def test_the_digits_are_among_the_parameters_of_a_loss(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["losses", "auc"]) == 0
    assert "approx     the whole numbers of [1, 24] or none; default none" in capsys.readouterr().out
    assert main(["losses", "auc", "--json"]) == 0
    (form,) = json.loads(capsys.readouterr().out)["losses"]
    assert {
        "name": "approx",
        "range": "the whole numbers of [1, 24] or none",
        "default": None,
        "required": False,
    } in form["params"]


def test_perfect_predictions_have_no_error(tmp_path: Any) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("pred,label\n1.5,1.5\n2,2\n0.1,0.1\n")
    (result,) = evaluate(str(path), loss="medae:approx=4").results
    assert result.value == 0.0
    assert result.detail is not None
    assert result.detail["bound"] < 1e-300


def test_a_curve_of_bins_passes_through_points_of_the_exact_one(files: list[str]) -> None:
    near, exact = (
        evaluate(files[0], pred="p", label="y", loss=loss).results[0].detail
        for loss in ("auc:approx=5", "auc")
    )
    assert near is not None
    assert exact is not None
    points = set(zip(near["roc"]["fpr"], near["roc"]["tpr"], strict=True))
    scores, labels = table()["p"].to_numpy(), table()["y"].to_numpy()
    for above, fpr, tpr in zip(near["roc"]["above"], near["roc"]["fpr"], near["roc"]["tpr"], strict=True):
        called = scores > (-math.inf if above is None else above)
        assert fpr == called[labels == 0].mean()
        assert tpr == called[labels == 1].mean()
    assert len(points) > 10


def test_approximate_forms_are_pickled() -> None:
    for form in approximated(FORMS, 5):
        other = pickle.loads(pickle.dumps(form))
        assert (other.name, other.state, other.digits, other.approximate) == (
            form.name, form.state, 5, form.approximate,
        )  # fmt: skip
