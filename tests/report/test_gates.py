"""Gates: limits on losses, on the call and in a configuration, and what becomes of each of them."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import report, result
from scipy.stats import norm

from losscli.errors import UsageError
from losscli.report.baseline import Baseline
from losscli.report.check import CheckOptions, check
from losscli.report.compare import compare
from losscli.report.evaluate import evaluate
from losscli.report.gates import Gate, failures
from losscli.report.limits import Limit
from losscli.report.slice_pattern import SliceNames, matches, slice_text, slice_texts
from losscli.statistics.holm import holm


def interval(low, high, level=0.95, method="normal"):
    return {"low": low, "high": high, "level": level, "method": method}


def judged(limits, *results, before=None):
    """The verdicts of limits on results, against those of a baseline."""
    baseline = None if before is None else Baseline(report(*before))
    gate = Gate(tuple(limits), baseline).judge(report(*results)).gate
    assert gate["passed"] == all(limit["passed"] for limit in gate["limits"])
    return gate["limits"]


def verdict(kind, text, one, was=None, **rest):
    loss, _, size = text.rpartition("=")
    (found,) = judged([Limit.of(loss, kind, size, **rest)], one, before=None if was is None else [was])
    return found


# ── max and min ──


@pytest.mark.parametrize(
    "kind, limit, value, passed",
    [
        ("max", "0.5", 0.5, True),
        ("max", "0.5", math.nextafter(0.5, 1), False),
        ("max", "0.5", math.nextafter(0.5, 0), True),
        ("min", "0.5", 0.5, True),
        ("min", "0.5", math.nextafter(0.5, 0), False),
        ("min", "0.5", math.nextafter(0.5, 1), True),
        # 0.1 + 0.2 is the double above 0.3
        ("max", "0.3", 0.1 + 0.2, False),
        ("max", "0", 0.0, True),
        ("max", "0", -0.0, True),
        ("min", "0", -0.0, True),
        ("max", "0", 5e-324, False),
        ("max", "1.7976931348623157e308", 1.7976931348623157e308, True),
        ("max", "-1", -1.5, True),
        ("max", "1e-3", 0.001, True),
        ("max", "1", 1, True),
    ],
)
def test_a_limit_is_inclusive_and_compared_to_the_last_bit(kind, limit, value, passed):
    found = verdict(kind, f"mse={limit}", result(value))
    assert found["passed"] is passed
    assert (found["reason"] is None) is passed
    assert found["value"] == value


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_max_and_min_order_doubles_as_doubles(limit, value):
    assert verdict("max", f"mse={limit!r}", result(value))["passed"] == (value <= limit)
    assert verdict("min", f"mse={limit!r}", result(value))["passed"] == (value >= limit)


def test_the_reason_shows_every_digit_that_decides():
    found = verdict("max", "mse=0.3", result(0.1 + 0.2))
    assert found["reason"] == "0.30000000000000004 is above 0.3"
    assert verdict("min", "mse=2", result(1.5))["reason"] == "1.5 is below 2"


def test_a_max_on_a_loss_for_which_zero_is_best_bounds_the_value_itself():
    assert verdict("max", "mean_error=0.1", result(-5.0, "bias", better="zero"))["passed"]
    assert not verdict("min", "mean_error=-0.1", result(-5.0, "bias", better="zero"))["passed"]


@pytest.mark.parametrize("kind", ["max", "min"])
def test_a_value_that_is_not_defined_fails_with_the_note(kind):
    found = verdict(kind, "mse=1", result(None, note="the value exceeds the largest double"))
    assert not found["passed"]
    assert found["value"] is None
    assert found["reason"] == "the value is not defined: the value exceeds the largest double"


def test_a_loss_that_is_not_there_fails_and_says_which_are():
    found = verdict("max", "mae=1", result(0.0))
    assert not found["passed"]
    assert (found["loss"], found["pred"], found["value"]) == ("mae", None, None)
    assert "`mse`" in found["reason"]


def test_a_limit_finds_its_loss_by_alias_and_by_parameters_in_any_spelling():
    assert verdict("max", "Mean-Squared-Error=1", result(1.0))["passed"]
    assert verdict("max", "huber:delta=2.0=1", result(1.0, "huber:delta=2"))["passed"]
    assert verdict("max", "huber:delta=1=1", result(1.0, "huber"))["passed"]
    assert not verdict("max", "huber:delta=2=1", result(1.0, "huber"))["passed"]


def test_every_prediction_is_bounded():
    found = judged([Limit.parse("max", "mse=1")], result(0.5, pred="a"), result(2.0, pred="b"))
    assert [(one["pred"], one["passed"]) for one in found] == [("a", True), ("b", False)]


def test_every_part_is_bounded_where_there_is_no_whole_and_none_where_there_is():
    parts = [result(0.5, part={"class": "a"}), result(2.0, part={"class": "b"})]
    found = judged([Limit.parse("max", "mse=1")], *parts)
    assert [(one["part"], one["passed"]) for one in found] == [
        ({"class": "a"}, True),
        ({"class": "b"}, False),
    ]
    (found,) = judged([Limit.parse("max", "mse=1")], result(0.9), *parts)
    assert found["part"] == {}


def test_slices_are_left_out_of_a_limit_on_the_whole():
    (found,) = judged([Limit.parse("max", "mse=1")], result(1.0), result(9.0, slice={"c": "x"}))
    assert found["passed"]
    found = verdict("max", "mse=1", result(0.0, slice={"c": "x"}))
    assert not found["passed"]
    assert "slices only" in found["reason"]


# ── the words of a limit ──


@pytest.mark.parametrize("text", ["mse", "mse=", "=1", "", "=", " =1"])
def test_a_limit_without_a_loss_or_a_number_is_a_usage_error(text):
    with pytest.raises(UsageError, match=r"names no loss and limit"):
        Limit.parse("max", text)


@pytest.mark.parametrize(
    "size", ["nan", "inf", "-inf", "1e999", "0x10", "1_000", "1,5", "abc", "1e999%", "%", "2%%"]
)
def test_a_limit_is_a_finite_plain_number(size):
    with pytest.raises(UsageError, match="is no limit"):
        Limit.parse("max_regression", f"mse={size}")


def test_a_share_bounds_a_regression_only():
    with pytest.raises(UsageError, match="share") as error:
        Limit.parse("max", "mse=2%")
    assert "--max-regression" in error.value.hint


def test_a_limit_on_an_unknown_loss_is_a_usage_error_with_a_near_name():
    with pytest.raises(UsageError, match="hubber") as error:
        Limit.parse("max", "hubber=1")
    assert "huber" in error.value.hint


def test_a_limit_is_split_at_the_last_equals_sign():
    limit = Limit.parse("max", "huber:delta=2=0.05")
    assert (limit.loss, limit.text) == ("huber:delta=2", 0.05)


def test_a_share_too_small_for_a_double_is_none():
    assert Limit.parse("max_regression", "mse=1e-999999999%").size == 0


# ── regressions ──


@pytest.mark.parametrize(
    "better, was, now, limit, passed",
    [
        ("lower", 100.0, 102.0, "2%", True),
        ("lower", 100.0, math.nextafter(102.0, 200), "2%", False),
        # 0.3 as a double is less than three tenths; the share is three tenths
        ("lower", 1000.0, 1003.0, "0.3%", True),
        ("lower", 100.0, 50.0, "0", True),
        ("lower", 100.0, 100.0, "0", True),
        ("lower", 100.0, math.nextafter(100.0, 200), "0%", False),
        ("lower", 1.0, 1.5, "0.5", True),
        ("lower", 1.0, 1.5, "0.25", False),
        ("higher", 0.5, 0.25, "50%", True),
        ("higher", 0.5, math.nextafter(0.25, 0), "50%", False),
        ("higher", 0.5, 0.9, "0", True),
        # of the absolute value of the baseline
        ("lower", -100.0, -98.0, "2%", True),
        ("lower", -100.0, math.nextafter(-98.0, 0), "2%", False),
        ("higher", -4.0, -5.0, "25%", True),
        # absolute values are compared where zero is best
        ("zero", -2.0, 2.0, "0", True),
        ("zero", 2.0, -3.0, "50%", True),
        ("zero", 2.0, -3.0, "0.5", False),
        ("zero", -4.0, 1.0, "0", True),
        # a negative limit asks for an improvement
        ("lower", 100.0, 99.0, "-1%", True),
        ("lower", 100.0, 99.5, "-1%", False),
        # any worsening of nothing is more than a share of it
        ("lower", 0.0, 0.0, "5%", True),
        ("lower", 0.0, 1e-300, "5%", False),
    ],
)
def test_a_regression_is_measured_in_the_direction_of_the_loss(better, was, now, limit, passed):
    one, before = (result(value, "mse", better=better) for value in (now, was))
    found = verdict("max_regression", f"mse={limit}", one, before)
    assert found["passed"] is passed
    assert found["baseline"] == was
    assert found["limit"] == (limit if limit.endswith("%") else float(limit))


def test_a_share_is_exact_where_doubles_would_round():
    # 0.1 as a double times 1.1 in doubles is 0.11000000000000001, which is above 110 % of it.
    was, now = 0.1, 0.1 * 1.1
    assert Fraction(now) > Fraction(was) * Fraction(11, 10)
    assert not verdict("max_regression", "mse=10%", result(now), result(was))["passed"]
    assert verdict("max_regression", "mse=10%", result(math.nextafter(now, 0)), result(was))["passed"]


@given(
    st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.decimals(0, 1000, places=3), st.sampled_from(["lower", "higher", "zero"])
)  # fmt: skip
def test_a_share_is_compared_as_a_fraction(was, now, share, better):
    one, before = result(now, better=better), result(was, better=better)
    sign = {"lower": lambda v: v, "higher": lambda v: -v, "zero": abs}[better]
    worse = sign(Fraction(now)) - sign(Fraction(was))
    found = verdict("max_regression", f"mse={share}%", one, before)
    assert found["passed"] == (worse <= Fraction(share) / 100 * abs(Fraction(was)))


def test_the_reason_of_a_regression_shows_enough_digits_to_tell_it_from_the_limit():
    found = verdict("max_regression", "mse=2%", result(102.0001), result(100.0))
    assert found["reason"] == "102.0001 is worse than 100 by 2.0001%; at most 2% is allowed"
    found = verdict("max_regression", "mse=0.5", result(2.0), result(1.0))
    assert found["reason"] == "2 is worse than 1 by 1; at most 0.5 is allowed"


@pytest.mark.parametrize(
    "was, words",
    [
        (result(1.0, "mae"), "has no `mse`"),
        (result(1.0, part={"class": "a"}), "has no whole of `mse`"),
        (result(1.0, slice={"c": "a"}), "of slices only"),
        (result(None, note="no row counts"), "the baseline's value is not defined: no row counts"),
        (result(1.0, signature="mse|w:none|pair:position|nan:drop"), "then nan:drop, now nan:error"),
        (result(1.0, signature="mse|w:w|pair:position|nan:error"), "then w:w, now w:none"),
    ],
)
def test_a_baseline_that_cannot_be_compared_with_fails_and_says_why(was, words):
    found = verdict("max_regression", "mse=1000", result(1.0), was)
    assert not found["passed"]
    assert words in found["reason"]


def test_the_prediction_column_may_be_called_otherwise_in_the_baseline_unless_there_are_several():
    assert verdict("max_regression", "mse=0", result(1.0, pred="new"), result(1.0, pred="old"))["passed"]
    several = [result(1.0, pred="a"), result(3.0, pred="b")]
    limit = [Limit.parse("max_regression", "mse=0")]
    found = judged(limit, result(2.0, pred="b"), before=several)
    assert [one["passed"] for one in found] == [True]
    found = judged(limit, result(2.0, pred="c"), before=several)
    assert "none is called `c`" in found[0]["reason"]


def test_without_a_baseline_a_regression_limit_of_a_configuration_fails_and_one_of_a_flag_is_refused():
    found = verdict("max_regression", "mse=1%", result(1.0))
    assert not found["passed"]
    assert "--baseline" in found["reason"]
    with pytest.raises(UsageError, match="nothing to compare with"):
        Gate.of(CheckOptions([], max_regression=["mse=1%"]))


def test_a_slice_or_a_part_that_the_baseline_has_and_that_vanished_fails():
    limit = Limit.of("mse", "max_regression", "2%", slice="*")
    de, fr = (result(1.0, slice={"country": name}) for name in ("de", "fr"))
    found = judged([limit], de, before=[de, fr])
    assert [(one["slice"]["country"], one["passed"]) for one in found] == [("de", True), ("fr", False)]
    assert "no more" in found[1]["reason"]
    found = judged([limit], de, fr, before=[de])
    assert [one["passed"] for one in found] == [True, False]
    assert "no slice country=fr" in found[1]["reason"]
    a, b = (result(1.0, part={"class": name}) for name in "ab")
    found = judged([Limit.parse("max_regression", "mse=2%")], a, before=[a, b])
    assert [one["passed"] for one in found] == [True, False]


# ── slices ──


@pytest.mark.parametrize(
    "pattern, slice, named",
    [
        ("*", {"country": "de"}, True),
        ("*", {"country": None, "device": "x"}, True),
        ("country=de", {"country": "de"}, True),
        ("country=de", {"country": "DE"}, False),
        ("country=de", {"country": "den"}, False),
        ("country=de", {"device": "de"}, False),
        ("country=d*", {"country": "den"}, True),
        ("country=*n", {"country": "den"}, True),
        ("country=*e*", {"country": "den"}, True),
        ("country=d*n", {"country": "dn"}, True),
        ("country=d*d", {"country": "d"}, False),
        ("country=a*a*a", {"country": "aa"}, False),
        ("country=*", {"country": None}, True),
        ("country=", {"country": None}, True),
        ("country=", {"country": "de"}, False),
        ("country=null", {"country": None}, False),
        ("age=[18, 65)", {"age": "[18, 65)"}, True),
        ("country=de", {"country": "de", "device": "x"}, False),
        ("country=*", {"country": "de", "device": "x"}, False),
        ("country=de+device=x", {"country": "de", "device": "x"}, True),
        ("device=x+country=de", {"country": "de", "device": "x"}, True),
        ("country=*+device=x", {"country": "fr", "device": "x"}, True),
        ("country=*+device=x", {"country": "fr", "device": "y"}, False),
        ("a=1+b", {"a": "1+b"}, True),
        ("a=b=c", {"a": "b=c"}, True),
        ("a=b=c", {"a=b": "c"}, True),
        ("a=1*2", {"a": "1*2"}, True),
    ],
)
def test_a_pattern_names_slices(pattern, slice, named):
    assert matches(pattern, slice) is named


@given(
    st.dictionaries(st.text(min_size=1, max_size=3), st.none() | st.text(max_size=4), min_size=1, max_size=3)
)
def test_a_slice_as_text_is_a_pattern_that_names_it(slice):
    assert matches(slice_text(slice), slice)
    assert matches("*", slice)


@given(st.data(), st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=3, unique=True))
def test_slices_held_by_column_are_the_slices_one_by_one(data, names):
    rows = data.draw(st.lists(st.tuples(*(st.none() | st.text(max_size=4) for _ in names)), min_size=1))
    held = SliceNames(names, list(zip(*rows, strict=True)))
    alone = [dict(zip(names, row, strict=True)) for row in rows]
    assert (list(held), list(held[1:]), held[-1]) == (alone, alone[1:], alone[-1])
    assert slice_texts(held) == slice_texts(alone) == [slice_text(slice) for slice in alone]


def test_every_slice_that_a_pattern_names_is_bounded():
    slices = [result(value, slice={"c": name}) for name, value in (("a", 0.0), ("ab", 2.0), ("b", 9.0))]
    found = judged([Limit.of("mse", "max", 1.0, slice="c=a*")], result(99.0), *slices)
    assert [(one["slice"]["c"], one["passed"]) for one in found] == [("a", True), ("ab", False)]


def test_a_slice_that_is_not_there_fails_and_says_which_are():
    found = judged([Limit.of("mse", "max", 1.0, slice="c=x")], result(0.0), result(0.0, slice={"c": "a"}))
    assert [(one["slice"], one["passed"]) for one in found] == [({"c": "x"}, False)]
    assert "c=a" in found[0]["reason"]
    (found,) = judged([Limit.of("mse", "max", 1.0, slice="*")], result(0.0))
    assert not found["passed"]
    assert "--by" in found["reason"]


def test_fewer_rows_than_asked_for_fail():
    found = verdict("max", "mse=1", result(0.0, rows=99), min_rows=100)
    assert not found["passed"]
    assert found["reason"] == "99 rows, and at least 100 are asked for"
    assert verdict("max", "mse=1", result(0.0, rows=100), min_rows=100)["passed"]


# ── intervals ──


@pytest.mark.parametrize("kind, sign", [("max", 1), ("min", -1)])
@pytest.mark.parametrize(
    "low, high, inconclusive, passed",
    [
        (0.5, 0.9, "fail", True),
        (0.5, 1.0, "fail", True),  # the end is within
        (0.5, 1.1, "fail", False),
        (0.5, 1.1, "pass", True),
        (1.0, 1.1, "pass", True),
        (1.01, 1.1, "pass", False),
        (1.01, 1.1, "fail", False),
    ],
)
def test_a_limit_that_looks_at_the_interval(kind, sign, low, high, inconclusive, passed):
    low, high = sorted([sign * low, sign * high])
    one = result((low + high) / 2, ci=interval(low, high), stderr=0.1)
    found = verdict(kind, f"mse={sign}", one, inconclusive=inconclusive)
    assert found["passed"] is passed


def test_without_the_key_the_estimate_decides_whatever_the_interval():
    assert verdict("max", "mse=1", result(0.9, ci=interval(0.1, 9.0)))["passed"]


def test_a_regression_looks_at_the_interval_against_the_baseline_as_a_number():
    was = result(1.0, ci=interval(0.1, 9.0))
    for high, passed in ((1.25, True), (1.3, False)):
        one = result(1.0, ci=interval(0.9, high))
        assert verdict("max_regression", "mse=25%", one, was, inconclusive="fail")["passed"] is passed


def test_an_interval_around_the_best_value_is_no_worse_than_its_farther_end():
    was = result(0.5, better="zero")
    one = result(0.1, better="zero", ci=interval(-0.9, 1.125))
    assert not verdict("max_regression", "mse=0.5", one, was, inconclusive="fail")["passed"]
    # Its ends are both beyond, and zero between them is not: it may be either.
    assert verdict("max_regression", "mse=0", one, was, inconclusive="pass")["passed"]
    assert verdict("max_regression", "mse=0.625", one, was, inconclusive="fail")["passed"]


def test_a_loss_that_has_no_interval_fails_a_limit_that_looks_at_it():
    found = verdict("max", "mse=1", result(0.0, note="no interval for r2"), inconclusive="pass")
    assert not found["passed"]
    assert "there is none: no interval for r2" in found["reason"]


def test_a_gate_asks_for_intervals_where_a_limit_looks_at_them():
    assert not Gate((Limit.parse("max", "mse=1"),), None).needs_intervals
    assert Gate((Limit.of("mse", "max", 1.0, inconclusive="pass"),), None).needs_intervals


def test_holm_steps_down():
    # Holm (1979): the least p-value times m, the next times m - 1 …, never falling and never above 1.
    assert holm([0.01, 0.02, 0.03, 0.04]) == pytest.approx([0.04, 0.06, 0.06, 0.06], rel=1e-15)
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06], rel=1e-15)
    assert holm([0.5, 0.9, 0.001]) == pytest.approx([1.0, 1.0, 0.003], rel=1e-15)
    assert holm([]) == []


def _slices(*values, stderr=1.0):
    width = norm.isf(0.025) * stderr
    return [
        result(value, slice={"c": str(at)}, stderr=stderr, ci=interval(value - width, value + width))
        for at, value in enumerate(values)
    ]


def _corrected(inconclusive, slices):
    limit = Limit.of("mse", "max", 0.0, slice="*", inconclusive=inconclusive, correction="holm")
    return [one["passed"] for one in judged([limit], *slices)]


def test_one_slice_is_corrected_by_nothing():
    for value in (1.95, 1.97, -1.95, -1.97):
        for inconclusive in ("pass", "fail"):
            limit = Limit.of("mse", "max", 0.0, slice="*", inconclusive=inconclusive)
            (plain,) = judged([limit], *_slices(value))
            assert _corrected(inconclusive, _slices(value)) == [plain["passed"]]


def test_among_many_slices_one_must_lie_farther_beyond_to_fail():
    # One-sided p of z = 2 is 0.0228: below 0.025 alone, above it times 10.
    assert _corrected("pass", _slices(2.0)) == [False]
    assert _corrected("pass", _slices(2.0, *[-9.0] * 9)) == [True] * 10
    # z = 2.9 has 0.00187: times 10 that is 0.0187.
    assert norm.sf(2.9) * 10 < 0.025 < norm.sf(2.7) * 10
    assert _corrected("pass", _slices(2.9, *[-9.0] * 9)) == [False, *[True] * 9]
    assert _corrected("pass", _slices(2.7, *[-9.0] * 9)) == [True] * 10


def test_among_many_slices_one_must_lie_farther_within_to_pass():
    assert _corrected("fail", _slices(-2.0)) == [True]
    found = _corrected("fail", _slices(*[-2.0] * 10))
    assert found == [False] * 10
    # Step-down: nine that are sure leave the tenth alone with its own p-value.
    assert _corrected("fail", _slices(*[-9.0] * 9, -2.0)) == [True] * 10


def test_a_correction_of_a_value_without_error_is_a_plain_comparison():
    exact = [result(v, slice={"c": str(v)}, stderr=0.0, ci=interval(v, v)) for v in (-1.0, 0.0, 1.0)]
    assert _corrected("pass", exact) == _corrected("fail", exact) == [True, True, False]


# ── the order of failures ──


def test_failures_are_told_worst_first_those_that_could_not_be_evaluated_on_top():
    limits = [Limit.parse("max", text) for text in ("mse=1", "mae=1", "rmse=1", "huber=1")]
    gate = Gate(tuple(limits), None).judge(
        report(result(1.5), result(3.0, "mae"), result(None, "rmse"), result(0.0, "huber"))
    )
    assert [one["loss"] for one in failures(gate.gate)] == ["rmse", "mae", "mse"]


# ── the command line ──


@pytest.fixture
def saved(here, pair):
    """Errors 0, -1 and 3: mse 10/3, mae 4/3."""
    assert here("eval", *pair, "-l", "mse", "-l", "mae", "-q", "-o", "base.json").code == 0
    return "base.json"


def test_a_gate_that_passes_is_exit_0_and_one_that_fails_exit_1_with_the_losses_printed(here, pair):
    ran = here("eval", *pair, "-l", "mse", "--max", "mse=4")
    assert (ran.code, ran.err) == (0, "")
    failed = here("eval", *pair, "-l", "mse", "--max", "mse=3")
    assert failed.code == 1
    assert failed.out == ran.out
    assert failed.err == "gate failed: mse at most 3: 3.3333333333333335 is above 3\n"


def test_a_loss_that_is_only_in_a_gate_is_measured(here, pair):
    ran = here("eval", *pair, "-l", "mse", "--max", "MAE=2", "--min", "huber:delta=2=0.5", "--json")
    assert ran.code == 0
    assert set(json.loads(ran.out)["metrics"]) == {"mse", "mae", "huber:delta=2"}
    assert set(json.loads(here("eval", *pair, "--max", "mae=2", "--json").out)["metrics"]) == {"mae"}


def test_the_gate_object_of_the_json(here, pair, saved):
    ran = here(
        "eval",
        *pair,
        "-l",
        "mse",
        "--max",
        "mse=3",
        "--max-regression",
        "mae=2%",
        "--baseline",
        saved,
        "--json",
    )
    assert ran.code == 1
    assert json.loads(ran.out)["gate"] == {
        "passed": False,
        "limits": [
            {
                "loss": "mse", "pred": "pred", "part": {}, "slice": {}, "kind": "max", "limit": 3.0,
                "value": 10 / 3, "baseline": None, "passed": False, "reason": "3.3333333333333335 is above 3",
            },
            {
                "loss": "mae", "pred": "pred", "part": {}, "slice": {}, "kind": "max_regression",
                "limit": "2%", "value": 4 / 3, "baseline": 4 / 3, "passed": True, "reason": None,
            },
        ],
    }  # fmt: skip


def test_without_limits_the_gate_is_null(here, pair, saved):
    assert json.loads(here("eval", *pair, "-l", "mse", "--json").out)["gate"] is None
    assert json.loads(here("eval", *pair, "-l", "mse", "--baseline", saved, "--json").out)["gate"] is None


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1", b'{"schema": "losscli.result/1"}', b"\xff"])
def test_a_baseline_that_is_missing_or_unreadable_fails_the_gate_and_the_losses_are_printed(
    here, pair, text, content
):
    if content is not None:
        text("base.json", content)
    ran = here("eval", *pair, "-l", "mse", "--baseline", "base.json", "--max-regression", "mse=1%")
    assert ran.code == 1
    assert "mse,pred,3.3333333333333335" in ran.out
    assert "the baseline base.json" in ran.err


def test_a_baseline_without_a_limit_must_be_there_all_the_same(here, pair):
    ran = here("eval", *pair, "-l", "mse", "--baseline", "absent.json").block()
    assert (ran.code, ran.out) == (3, "")


def test_a_baseline_of_another_meaning_says_in_what_it_differs(here, pair, saved):
    ran = here(
        "eval", *pair, "-l", "mse", "--nan", "drop", "--baseline", saved, "--max-regression", "mse=99%"
    )
    assert ran.code == 1
    assert "then nan:error, now nan:drop" in ran.err


def test_another_number_of_rows_in_the_baseline_is_said_and_not_refused(here, pair, saved, text):
    more = text("more.csv", ["pred,label", "1,1", "2,2"])
    ran = here("eval", more, "-l", "mse", "--baseline", saved, "--max-regression", "mse=1%")
    assert ran.code == 0
    assert "warning: the baseline was measured on 3 rows, this on 2" in ran.err


def test_another_version_or_arithmetic_is_said_and_not_refused(here, pair, saved, tmp_path):
    held = json.loads((tmp_path / saved).read_text()) | {"losscli": "0.0.1", "arithmetic": "numpy 1.0 MMX"}
    (tmp_path / saved).write_text(json.dumps(held))
    ran = here("eval", *pair, "-l", "mse", "--baseline", saved, "--max-regression", "mse=0")
    assert ran.code == 0
    assert "with losscli 0.0.1, this with" in ran.err
    assert "with numpy 1.0 MMX, this with" in ran.err


def test_a_data_error_beats_a_gate(here, text):
    bad = text("bad.csv", ["pred,label", "1,x"])
    ran = here("eval", bad, "--max", "mse=0").block()
    assert (ran.code, ran.out) == (3, "")


def test_a_wrong_limit_is_found_before_a_file_is_opened(here):
    for flag in ("--max", "--min"):
        assert here("eval", "absent.csv", flag, "mse=x").block().code == 2
        assert here("eval", "absent.csv", flag, "hubber=1").block().code == 2
    assert here("eval", "absent.csv", "--max-regression", "mse=1%").block().code == 2


def test_the_baseline_is_an_input_that_is_not_overwritten(here, pair, saved):
    ran = here(
        "eval", *pair, "-l", "mse", "--baseline", saved, "--max-regression", "mse=0", "-o", saved
    ).block()
    assert ran.code == 2


def test_an_output_file_is_written_although_the_gate_fails(here, pair, tmp_path):
    assert here("eval", *pair, "--max", "mse=0", "-o", "out.json").code == 1
    assert json.loads((tmp_path / "out.json").read_text())["gate"]["passed"] is False


def test_an_undefined_value_fails_the_gate_with_its_note(here, text):
    both = text("both.csv", ["pred,label", "1,2", "2,2"])
    ran = here("eval", both, "--min", "r2=-1000", "--json")
    assert ran.code == 1
    (limit,) = json.loads(ran.out)["gate"]["limits"]
    assert limit["value"] is None
    assert limit["reason"].startswith("the value is not defined: all 2 labels are 2")


def test_an_infinite_loss_fails_the_gate(here, text):
    both = text("both.csv", ["pred,label", "1e308,-1e308"])
    assert here("eval", both, "--max", "mse=1.7e308").code == 1


def test_at_most_ten_failed_limits_are_said_and_the_rest_is_counted(here, pair):
    flags = [word for at in range(12) for word in ("--max", f"huber:delta={at + 1}=0")]
    lines = here("eval", *pair, *flags).err.splitlines()
    assert len(lines) == 10
    assert lines[-1] == "gate failed: 3 more of 12 limits"


def test_several_models_are_bounded_each(here, text):
    both = text("both.csv", ["a,b,label", "1,3,1", "2,2,2"])
    ran = here("eval", both, "--pred", "a", "--pred", "b", "--max", "mse=0", "--json")
    assert ran.code == 1
    limits = json.loads(ran.out)["gate"]["limits"]
    assert [(limit["pred"], limit["passed"]) for limit in limits] == [("a", True), ("b", False)]


def test_under_average_none_every_part_is_bounded(here, text):
    both = text("both.csv", ["p_a,p_b,label", "0.9,0.1,a", "0.8,0.2,a", "0.7,0.3,b"])
    ran = here("eval", both, "--pred", "p_*", "--min", "recall=0.5", "--average", "none", "--json")
    assert ran.code == 1
    limits = json.loads(ran.out)["gate"]["limits"]
    assert [(limit["part"], limit["passed"]) for limit in limits] == [
        ({"class": "a"}, True),
        ({"class": "b"}, False),
    ]
    assert here("eval", both, "--pred", "p_*", "--min", "recall=0.5").code == 0


@pytest.mark.parametrize("low, high", [(0.25, 1.25), (0.25, 1.125), (0.01, 4.0), (0.75, 1.0)])
@pytest.mark.parametrize("limit", [0.24, 0.26, 0.5, 0.74, 0.76, 1.0, 1.124, 1.126, 1.24, 1.26, 3.9, 4.1])
@pytest.mark.parametrize("inconclusive", ["pass", "fail"])
def test_of_one_slice_the_correction_says_what_an_uneven_interval_says(low, high, limit, inconclusive):
    one = result(1.0, slice={"c": "a"}, stderr=0.1, ci=interval(low, high))
    plain, corrected = (
        judged([Limit.of("mse", "max", limit, slice="*", inconclusive=inconclusive, correction=holm)], one)
        for holm in (None, "holm")
    )
    assert [held["passed"] for held in plain] == [held["passed"] for held in corrected]


@pytest.mark.parametrize("ci", ["normal", "bootstrap"])
@pytest.mark.parametrize("where", ["below", "within", "above"])
@pytest.mark.parametrize("inconclusive", ["pass", "fail"])
def test_both_intervals_decide_a_gate_of_a_file(here, text, tmp_path, ci, where, inconclusive):
    drawn = np.random.default_rng(3).normal(size=(90, 2)).tolist()
    rows = [f"{label!r},{pred!r},{'xyz'[at % 3]}" for at, (label, pred) in enumerate(drawn)]
    path = text("rows.csv", ["label,pred,c", *rows])
    call = ("eval", path, "-l", "mae", "--by", "c", "--ci", ci, "--json")
    (whole, *_) = json.loads(here(*call).out)["results"]
    low, high = whole["ci"]["low"], whole["ci"]["high"]
    limit = {"below": low - 0.001, "within": (low + high) / 2, "above": high + 0.001}[where]
    gate = f'[[gates]]\nloss = "mae"\nmax = {limit!r}\ninconclusive = "{inconclusive}"\n'
    text("losscli.toml", gate)
    passed = where == "above" or (where == "within" and inconclusive == "pass")
    assert here(*call).code == (0 if passed else 1)
    # Of slices: far beyond and far within is as sure after Holm's correction.
    for far, code in ((0.0, 1), (99.0, 0)):
        text("losscli.toml", f'{gate.replace(repr(limit), str(far))}slice = "*"\ncorrection = "holm"\n')
        assert here(*call).code == code


def test_a_gate_on_r2_needs_the_bootstrap_to_look_at_an_interval(here, text):
    text("losscli.toml", '[[gates]]\nloss = "r2"\nmin = -99\ninconclusive = "fail"\n')
    path = text("rows.csv", ["label,pred", *(f"{at},{at + at % 3}" for at in range(50))])
    assert here("eval", path, "-l", "r2").code == 1
    assert here("eval", path, "-l", "r2", "--ci", "bootstrap").code == 0


# ── from Python ──


@pytest.mark.parametrize(
    "limits, passed",
    [
        ({"max": {"mse": 4.0}}, [True]),  # errors 0, -1, 3: the mean square is 10/3
        ({"max": {"mse": 3.0}}, [False]),
        ({"max": ["mse=4"], "min": {"mae": 2}}, [True, False]),  # the mean of 0, 1, 3 is 4/3
        ({"max": {"mse": "3.5", "mae": 1.0}}, [True, False]),
    ],
)
def test_limits_are_arguments_of_evaluate_and_their_losses_are_measured(here, pair, limits, passed):
    found = evaluate(*pair, **limits)
    assert [one["passed"] for one in found.gate["limits"]] == passed
    assert found.passed == all(passed)
    assert set(found.metrics) == {one["loss"] for one in found.gate["limits"]}


def test_a_report_without_limits_has_no_gate_and_passes(here, pair):
    found = evaluate(*pair, loss="mse")
    assert found.gate is None
    assert found.passed


def test_a_baseline_is_an_argument_of_evaluate_and_of_check(here, pair, text):
    here("eval", *pair, "-l", "mse", "-o", "before.json")
    worse = text("worse.csv", ["pred", "1", "2", "5"])  # errors 0, -1, 4: 17/3 in place of 10/3
    limits = {"baseline": "before.json", "max_regression": {"mse": "50%"}}
    found = evaluate(worse, pair[1], **limits)
    (limit,) = found.gate["limits"]
    assert (limit["passed"], limit["value"], limit["baseline"]) == (False, 17 / 3, 10 / 3)
    assert found.before == [10 / 3]
    here("eval", worse, pair[1], "-l", "mse", "-o", "now.json")
    same, other = check(["before.json", "now.json"], **limits)
    assert (same.passed, other.passed) == (True, False)
    assert other.gate == found.gate
    with pytest.raises(UsageError, match="no limit"):
        check(["before.json"])


def test_the_command_and_the_function_judge_alike(here, pair):
    ran = here("eval", *pair, "-l", "rmse", "--max", "mse=3", "--min", "mae=1", "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["gate"] == evaluate(*pair, loss="rmse", max={"mse": 3}, min={"mae": 1}).gate


def test_a_limit_that_is_no_number_is_refused_before_a_file_is_opened():
    with pytest.raises(UsageError, match="no limit for `mse`"):
        evaluate("nowhere.csv", max={"mse": "much"})


def test_compare_says_which_verdicts_fail(here, text):
    rows = [f"{label},{label + 0.1 * (label % 3)},{label + 1 + 0.1 * (label % 2)}" for label in range(40)]
    both = text("both.csv", ["label,a,b", *rows])
    found = compare(both, loss="mae", pred=["a", "b"], label="label")
    assert (found.comparisons[0].verdict, found.passed) == ("worse", False)
    assert compare(both, loss="mae", pred=["a", "b"], label="label", margin=2).passed
    assert compare(both, loss="mae", pred=["a", "b"], label="label", fail_on=()).passed
