"""`losscli compare BASE.json HEAD.json`: Welch's test by SciPy, what is compared with what, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from reports import compare_saved
from scipy import stats
from tables import table, two_models

from losscli.errors import DataError
from losscli.report.comparison import Comparison


@pytest.fixture
def save(here, tmp_path):
    """Measure columns of drawn rows and save the result."""

    def write(name, columns, *options, pred="b", losses=("mae",), ci="normal"):
        path = table(tmp_path, columns, f"{name}.csv")
        asked = [word for loss in losses for word in ("-l", loss)]
        call = ("eval", path, "-y", "label", "-p", pred, *asked, "--ci", ci, "-q", *options)
        ran = here(*call, "-o", f"{name}.json")
        assert ran.code == 0, ran.err
        return str(tmp_path / f"{name}.json")

    return write


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_test_is_welchs_of_scipy(save, seed):
    one, other = two_models(seed, rows=240), two_models(seed + 10, rows=90, shift=0.6)
    found = compare_saved(save("base", one, pred="a"), save("head", other))
    rows = [np.abs(d[name] - d["label"]) for d, name in ((other, "b"), (one, "a"))]
    peer = stats.ttest_ind(*rows, equal_var=False)
    ends = peer.confidence_interval(0.95)
    (one,) = found.comparisons
    assert one.worse_by == pytest.approx(rows[0].mean() - rows[1].mean(), rel=1e-12)
    assert (one.test, one.p_value) == ("welch t", pytest.approx(peer.pvalue, rel=1e-9))
    assert (one.ci["low"], one.ci["high"]) == pytest.approx((ends.low, ends.high), rel=1e-9)
    assert (one.wins, one.losses, one.ties) == (None, None, None)
    assert not found.paired


def test_resampled_standard_errors_stand_as_they_are(save):
    d = two_models(4)
    base, head = (
        save("base", d, pred="a", losses=("r2",), ci="bootstrap"),
        save("head", d, losses=("r2",), ci="bootstrap"),
    )
    (found,) = compare_saved(base, head).comparisons
    errors = [json.loads(Path(path).read_text())["results"][0]["stderr"] for path in (base, head)]
    assert found.stderr == pytest.approx(np.hypot(*errors), rel=1e-12)


def test_it_says_that_it_is_unpaired(here, save):
    d = two_models(2)
    call = ("compare", save("base", d, pred="a"), save("head", d), "--fail-on", "")
    ran = here(*call, "-f", "table")
    assert ran.code == 0
    assert "unpaired: two saved results" in ran.err
    assert "unpaired" in ran.out
    assert json.loads(here(*call, "--json").out)["paired"] is False
    assert here(*call, "-q").err == ""


def test_a_worse_result_is_exit_1(here, save):
    d = two_models(2, shift=3.0)
    call = ("compare", save("base", d, pred="a"), save("head", d), "-q")
    ran = here(*call)
    assert ran.code == 1
    assert "comparison failed: mae of b: worse" in ran.err
    assert here(*call, "--fail-on", "better").code == 0
    assert here(*call, "--margin", "10", "--fail-on", "worse,inconclusive").code == 0


def test_slices_are_compared_with_their_like_under_holms_correction(save):
    d = two_models(5)
    found = compare_saved(save("base", d, "--by", "g", pred="a"), save("head", d, "--by", "g"))
    whole, *slices = found.comparisons
    assert [one.slice for one in found.comparisons] == [{}, {"g": "x"}, {"g": "y"}, {"g": "z"}]
    raw = sorted(one.p_value for one in slices)
    assert whole.p_adjusted is None
    assert min(one.p_adjusted for one in slices) == min(1.0, raw[0] * 3)


def test_parts_are_compared_with_their_like(here, save, tmp_path):
    d = two_models(6)
    options = ("--average", "none")
    found = compare_saved(
        save("base", d | {"label": d["k"]}, *options, pred="ca", losses=("recall",)),
        save("head", d | {"label": d["k"]}, *options, pred="cb", losses=("recall",)),
    )
    assert [one.part for one in found.comparisons] == [{"class": "0"}, {"class": "1"}]


def test_what_only_one_file_has_is_said(save):
    d = two_models(3)
    base = save("base", d, pred="a", losses=("mae", "mse"))
    found = compare_saved(base, save("head", d, losses=("mae", "huber:delta=2")))
    assert [one.loss for one in found.comparisons] == ["mae"]
    said = " ".join(found.warnings)
    assert "has `mse` of `a`" in said
    assert "has `huber:delta=2` of `b`" in said
    with pytest.raises(DataError, match="no `mse` that both hold"):
        compare_saved(base, save("head", d), loss=["mae", "mse"])
    with pytest.raises(DataError, match="no result that"):
        compare_saved(save("base", d, losses=("mse",)), save("head", d))


def test_several_models_are_compared_by_their_names(save):
    d = two_models(3)
    base, head = (save(name, d, "-p", "a", losses=("mae",)) for name in ("base", "head"))
    found = compare_saved(base, head).comparisons
    assert [(one.base.pred, one.head.pred, one.worse_by) for one in found] == [
        ("b", "b", 0.0),
        ("a", "a", 0.0),
    ]


def test_what_was_measured_otherwise_is_exit_3(here, save):
    d = two_models(3)
    ran = here("compare", save("base", d), save("head", d, "--weight", "w")).block()
    assert ran.code == 3
    assert "then w:none, now w:w" in ran.err


@pytest.mark.parametrize("ci", ["none", "normal"])
def test_without_standard_errors_there_is_a_difference_and_no_interval(save, ci):
    d = two_models(3)
    base, head = save("base", d, pred="a", ci=ci, losses=("r2",)), save("head", d, losses=("r2",))
    (found,) = compare_saved(base, head).comparisons
    assert found.worse_by is not None
    assert (found.ci, found.p_value, found.verdict) == (None, None, "inconclusive")
    assert "no standard error" in found.note


def test_another_number_of_rows_is_said_and_not_refused(save):
    found = compare_saved(save("base", two_models(3, rows=50)), save("head", two_models(3)))
    assert any("50 rows" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    "options",
    [["--by", "g"], ["--on", "id"], ["--pred", "a"], ["--time", "t"], ["--ci", "bootstrap"], ["labels.csv"]],
)
def test_an_option_of_rows_is_exit_2(here, save, options):
    d = two_models(3)
    base, head = save("base", d), save("head", d)
    extra = options if options[0].startswith("-") else []
    places = [base, head] if extra else [base, head, *options]
    ran = here("compare", *places, *extra).block()
    assert ran.code == 2


def test_what_is_no_saved_result_is_exit_3(here, save, tmp_path):
    (tmp_path / "other.json").write_text("{}")
    assert here("compare", save("base", two_models(3)), "other.json").block().code == 3


def test_the_document_holds_what_its_schema_says(here, save):
    d = two_models(2)
    base, head = save("base", d, "--by", "g", pred="a"), save("head", d, "--by", "g")
    ran = here("compare", base, head, "--json", "--fail-on", "", "--ci", "normal:level=0.9")
    assert ran.code == 0, ran.err
    schema = Comparison.model().model_json_schema(by_alias=True)
    jsonschema.Draft202012Validator(schema).validate(json.loads(ran.out))


@pytest.mark.parametrize("format", ["csv", "markdown", "table", "json"])
def test_every_format_shows_the_difference(here, save, format):
    d = two_models(2)
    ran = here("compare", save("base", d, pred="a"), save("head", d), "-f", format, "--fail-on", "", "-q")
    assert (ran.code, ran.err) == (0, "")
    assert "mae" in ran.out
