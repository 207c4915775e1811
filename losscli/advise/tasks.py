"""What columns mean together: from a look at predictions and labels to the losses that fit.

A `Interpretation` is one way to understand them: a task, the losses for it, those that do not fit, and why.  Where
the values allow another reading, it says that it is not sure.  Which columns are read together is the
business of `roles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from losscli.advise.profile import ColumnProfile
from losscli.errors import UsageError
from losscli.losses import find
from losscli.table.labels import class_label, class_names, quantile_level
from losscli.text import plural, share, visible

if TYPE_CHECKING:
    from losscli.loss.declare import Loss
    from losscli.table.block import Floats

Sure: TypeAlias = Literal["yes", "likely", "no"]


@dataclass(frozen=True, slots=True)
class Fit:
    """A loss that fits, and what speaks for it here."""

    loss: str
    why: str = ""

    def form(self, *, several: bool, logits: bool) -> Loss:
        """The form of the loss for one column or several, of probabilities or raw scores."""
        forms = find(self.loss.partition(":")[0])
        shape = "Columns" if several else "Column"
        like = [form for form in forms if any(role.shape == shape for role in form.pred_roles)] or list(forms)
        return next((form for form in like if form.logits == logits), like[0])


@dataclass(frozen=True, slots=True)
class Unfit:
    """A loss that does not fit, and why."""

    loss: str
    why: str


@dataclass(slots=True)
class Interpretation:
    """One way to understand the columns."""

    task: str
    why: str
    fits: list[Fit]
    unfit: list[Unfit] = field(default_factory=list)
    sure: Sure = "yes"
    doubts: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)  # what `eval` must be told besides the columns
    pred: str = ""
    label: str = ""
    command: str = ""
    several: bool = False  # a prediction is several columns
    scores: bool = False  # predictions are raw scores

    def form(self, fit: Fit) -> Loss:
        return fit.form(several=self.several, logits="--from-logits" in self.command)

    def doubt(self, why: str, sure: Sure = "no") -> None:
        self.doubts.append(why)
        self.sure = sure if self.sure != "no" else "no"


# ------------------------------------------------------------------------------------------------
# One prediction, one label
# ------------------------------------------------------------------------------------------------


def one_to_one(
    pred: ColumnProfile,
    label: ColumnProfile,
    errors: Floats | None,
    *,
    from_logits: bool,
    pos_label: str | None,
) -> Interpretation:
    two = set(label.classes) in ({0, 1}, {-1, 1}) or (set(label.classes) < {0, 1} and label.rows > 0)
    coded = label.whole and len(label.classes) == 2 and pred.within(0.0, 1.0) and not pred.whole
    if label.text or pos_label is not None or (coded and not two):
        return _text_label(pred, label, from_logits=from_logits, pos_label=pos_label)
    if pred.text:
        return _classes(
            pred,
            label,
            doubt="the predictions are text and the labels numbers: do they name the same classes?",
        )
    if two:
        return _binary(pred, label, from_logits=from_logits, options=[])
    if label.within(0.0, 1.0) and pred.within(0.0, 1.0) and not label.whole:
        reading = Interpretation(
            "shares",
            f"{_col(label)} and {_col(pred)} lie between 0 and 1",
            [Fit("rmse"), Fit("mae"), Fit("log_loss", "if the labels are probabilities (soft labels)")],
            [Unfit("zero_one", "shares are no classes"), *_relative(label)],
        )
        reading.doubt(
            "shares, or probabilities as soft labels?  For the latter measure `log_loss` alone", "likely"
        )
        return reading
    if label.whole and pred.whole and max(len(label.classes), len(pred.classes)) <= 20:
        reading = _classes(
            pred, label,
            doubt="the classes are whole numbers: are they names, grades or counts?  For grades `ordinal_mae`, "
            "for counts `mae` and `rmse`",
        )  # fmt: skip
        reading.unfit += _relative(label)
        return reading
    return _regression(pred, label, errors)


def _regression(pred: ColumnProfile, label: ColumnProfile, errors: Floats | None) -> Interpretation:
    y, f = label.values, pred.values
    reading = Interpretation(
        "regression", f"{_col(label)} and {_col(pred)} hold real numbers", [], [],
    )  # fmt: skip
    fits, unfit = reading.fits, reading.unfit
    zeros, n = label.count(y == 0.0), len(y)
    tail = _share_of_worst(errors if errors is not None else y - np.median(y)) if n else 0.0
    heavy = tail > 0.5
    if heavy:
        what = "the squared error" if errors is not None else "the labels' squared distance from their median"
        said = f"1 % of the rows hold {tail:.0%} of {what}"
        fits += [
            Fit("mae", f"{said}: each row counts by its size alone"),
            Fit(f"huber:delta={_rounded(errors, y)}", "squared for small errors, a line for large ones"),
        ]
        unfit.append(Unfit("rmse", f"{said}, so it would speak of them alone"))
        unfit.append(Unfit("r2", "its sums of squares have the same rows in them"))
    else:
        fits += [Fit("rmse", "in the unit of the label"), Fit("mae", "the usual size of an error")]
        if not label.constant:
            fits.append(Fit("r2", "the share of the spread that is explained"))
        else:
            unfit.append(Unfit("r2", "the label is constant: there is no spread to explain"))
    counts = label.whole and label.low >= 0.0 and (zeros > 0 or label.high <= 30)
    positive = n > 0 and label.low > 0.0 and pred.low > 0.0
    if counts and pred.low > 0.0:
        fits.append(Fit("poisson_deviance", "for counts, whose spread grows with their mean"))
        reading.doubt("whole numbers from 0 on: counts, or a measure that happens to be whole?", "likely")
    wide = positive and float(np.quantile(y, 0.95) / np.quantile(y, 0.05)) > 30.0
    if wide:
        fits.append(
            Fit("rmsle", f"labels go from {_n(label.low)} to {_n(label.high)}: errors by their ratio")
        )
    unfit += _relative(label)
    below = label.count(y <= -1.0), pred.count(f <= -1.0)
    if sum(below):
        unfit.append(
            Unfit("msle", f"{_where(below, n, len(f))} -1 or below: the logarithm of 1 + x is not defined")
        )
    if below == (0, 0) and not positive:
        nonpositive = label.count(y <= 0.0), pred.count(f <= 0.0)
        unfit.append(Unfit("gamma_deviance", f"{_where(nonpositive, n, len(f))} 0 or below"))
    unfit.append(Unfit("cross_entropy", "the labels are numbers, not classes"))
    return reading


def _relative(*labels: ColumnProfile) -> list[Unfit]:
    """Why errors are not to be divided by these labels; nothing where they may be."""
    found = []
    several = len(labels) > 1
    for label in labels:
        y, where = label.values, f"in {_col(label)} " if several else ""
        sizes = np.abs(y)
        if zeros := label.count(y == 0.0):
            said = share(zeros, len(y), "label", "are 0")
            found.append(Unfit("mape", f"{where}{said}, by which nothing can be divided"))
        elif len(y) and sizes.min() < np.median(sizes) / 1000.0:
            least = _n(float(y[sizes.argmin()]))
            found.append(Unfit("mape", f"{where}some labels are close to 0 ({least}), and make it huge"))
    return found[:1]


def _binary(
    pred: ColumnProfile, label: ColumnProfile, *, from_logits: bool, options: list[str]
) -> Interpretation:
    ones = _share_of_one(label)
    rare = min(ones, 1.0 - ones)
    unfit = []
    if rare < 0.1 and label.rows >= 20:
        common = f"{1.0 - rare:.1%} of the labels are one class"
        unfit.append(Unfit("zero_one", f"{common}: always to say so costs only {rare:.3f}"))
    told = f"{_col(label)} has two classes"
    if from_logits or not pred.within(0.0, 1.0):
        if pred.within(0.0, 100.0) and pred.high > 20.0 and not from_logits:
            reading = Interpretation(
                "binary", f"{told}, and {_col(pred)} lies between 0 and 100",
                [Fit("log_loss"), Fit("brier")],
                [Unfit("log_loss", "it needs probabilities between 0 and 1")], options=list(options),
            )  # fmt: skip
            reading.doubt("these look like percent: divide the column by 100, then run the command")
            return reading
        if pred.whole and set(pred.classes) <= {-1, 0, 1}:
            return _classes(pred, label, doubt=None)
        reading = Interpretation(
            "binary", f"{told}, and {_col(pred)} holds raw scores from {_n(pred.low)} to {_n(pred.high)}",
            [Fit("log_loss", "if the scores are log odds"), Fit("brier", "the same, calmer about sure mistakes")],
            [Unfit("mse", "scores are not in the unit of the label"), *unfit],
            options=[*options, "--from-logits"], scores=True,
        )  # fmt: skip
        reading.doubt(
            "log odds (of a logistic model or a network), or margins of another kind?  For those `hinge` or "
            "`soft_margin`",
            "likely",
        )
        return reading
    if pred.whole:
        return _classes(pred, label, doubt=None)
    fits = [
        Fit("log_loss", "a sure mistake is dear"),
        Fit("brier", "bounded: calmer about sure mistakes"),
        Fit("ece", "whether the probabilities mean what they say"),
    ]
    certain = pred.count((pred.values == 0.0) | (pred.values == 1.0))
    if certain:
        unfit.append(
            Unfit(
                "log_loss:eps=0",
                f"{plural(certain, 'prediction is', 'predictions are')} exactly 0 or 1: one mistake among them is infinite",
            )
        )
    unfit.append(Unfit("mse", "of a probability it is called `brier`"))
    unfit.append(Unfit("hamming", "it cuts the probability at one half and forgets the rest"))
    reading = Interpretation(
        "binary",
        f"{told}, and {_col(pred)} lies between 0 and 1: probabilities",
        fits,
        unfit,
        options=list(options),
    )
    if len(label.classes) < 2:
        reading.doubt(f"in the rows looked at there is one class only, {_shown(label.classes)}")
    return reading


def _text_label(
    pred: ColumnProfile, label: ColumnProfile, *, from_logits: bool, pos_label: str | None
) -> Interpretation:
    if pred.text:
        strangers = [c for c in pred.classes if c not in label.classes]
        doubt = None
        if strangers:
            doubt = f"the labels have no {_shown(strangers)}, which the predictions have: a spelling?"
        return _classes(pred, label, doubt=doubt)
    many = len(label.classes) > 2 and pos_label is None
    if many or (pred.whole and not pred.within(0.0, 1.0)):
        reading = _classes(pred, label, doubt=None)
        reading.doubt("the labels are text and the predictions numbers: do they name the same classes?")
        return reading
    positive, known = _positive(label) if pos_label is None else (class_label(pos_label), True)
    coded = ColumnProfile(
        label.name,
        np.array([0.0, 1.0] if len(label.classes) > 1 else [1.0]),
        (0, 1),
        label.rows,
        label.missing,
    )
    reading = _binary(pred, coded, from_logits=from_logits, options=[f"--pos-label={positive}"])
    # Shares of the classes are not known here.
    reading.unfit = [one for one in reading.unfit if one.loss != "zero_one"]
    if not known:
        others = [c for c in label.classes if c != positive]
        reading.doubt(f"which class is meant by the probability: `{positive}`, or {_shown(others)}?")
    elif pos_label is None:
        reading.doubt(f"`{positive}` is taken for the positive class, by its name", "likely")
    elif positive not in label.classes:
        reading.doubt(f"the labels have no `{positive}`, which `--pos-label` names: {_shown(label.classes)}")
    return reading


def _classes(pred: ColumnProfile, label: ColumnProfile, *, doubt: str | None) -> Interpretation:
    count = len({*pred.classes, *label.classes})
    fits = [
        Fit("zero_one", "the share of wrong classes"),
        Fit("balanced_error", "each class counts alike, however rare"),
    ]
    fits += [Fit("mcc", "one number for the whole table of confusion")]
    unfit = [Unfit("log_loss", "it needs probabilities: these predictions are classes"),
             Unfit("mse", "classes have names, not sizes")]  # fmt: skip
    if count == 2:
        fits.append(Fit("f1", "for the positive class, which should be the rare one"))
        if {*pred.classes, *label.classes} - {-1, 0, 1}:
            fits.pop()
    reading = Interpretation(
        "classes",
        f"{_col(label)} and {_col(pred)} hold {plural(count, 'class', 'classes')}, {_shown([*label.classes])}",
        fits,
        unfit,
    )
    if doubt is not None:
        reading.doubt(doubt, "likely" if label.whole else "no")
    return reading


# ------------------------------------------------------------------------------------------------
# Several columns
# ------------------------------------------------------------------------------------------------


def several_to_one(
    preds: Sequence[ColumnProfile], label: ColumnProfile, from_logits: bool, *, named: bool
) -> Interpretation:
    names = [one.name for one in preds]
    levels = [quantile_level(name) for name in names]
    classes = class_names(names, named=named)
    strangers = [c for c in label.classes if c not in classes]
    # `p_1`, `p_2` are classes where the labels are, and else levels in percent.
    if all(level is not None for level in levels) and not label.text and strangers:
        shown = ", ".join(_n(level) for level in levels if level is not None)
        fits = [Fit("mean_pinball", "each quantile by its own slope"),
                Fit("crps_quantile", "the same, on the scale of a whole distribution")]  # fmt: skip
        known = sorted(level for level in levels if level is not None)
        paired = len(known) % 2 == 1 and all(
            abs(a + b - 1.0) < 1e-12 for a, b in zip(known, known[::-1], strict=True)
        )
        if paired and known == levels:
            fits.insert(1, Fit("wis", "intervals around the median: width, and a fine for what lies outside"))
        fits.append(Fit("crossing_rate", "how often a lower quantile lies above a higher one"))
        return Interpretation(
            "quantiles", f"the columns are named for the quantile levels {shown}", fits,
            [Unfit("rmse", "a quantile other than the median is not meant to lie near the label")],
        )  # fmt: skip
    held = np.stack([one.numbers for one in preds if one.numbers is not None], axis=1) if not any(
        one.text for one in preds
    ) else np.empty((0, len(preds)))  # fmt: skip
    if strangers or not held.size:
        reading = Interpretation(
            "several predictions", f"{len(preds)} columns of predictions for one label", [Fit("rmse"), Fit("mae")],
            [
                *([Unfit("cross_entropy", f"no column is named for {_shown(strangers)}")] if strangers else []),
                *(_relative(label) if not label.text else []),
            ],
        )  # fmt: skip
        reading.doubt(
            "columns of classes, quantiles or several models?  For models repeat `--pred`; for classes name the "
            "columns for them, or give `--classes`"
        )
        return reading
    told = f"the columns are named for the classes of {_col(label)}"
    sums = held[~np.isnan(held).any(axis=1)].sum(axis=1)
    inside = bool((held >= 0.0).all() and (held <= 1.0).all())
    if from_logits or not (held >= 0.0).all():
        logs = bool((held <= 0.0).all()) and bool(np.allclose(np.exp(held).sum(axis=1), 1.0, atol=1e-3))
        if logs and not from_logits:
            return Interpretation(
                "multiclass", f"{told}, and hold logarithms of probabilities",
                [Fit("nll", "the logarithm as it stands")],
                [Unfit("cross_entropy", "it would take the logarithm once more: `nll` does not")],
            )  # fmt: skip
        return Interpretation(
            "multiclass", f"{told}, and hold raw scores",
            [Fit("cross_entropy", "with the softmax of the scores")],
            [Unfit("brier", "it needs probabilities")], options=["--from-logits"], scores=True,
        )  # fmt: skip
    off = int(np.count_nonzero(np.abs(sums - 1.0) > 1e-6))
    if off:
        first = int(np.argmax(np.abs(sums - 1.0) > 1e-6))
        why = f"in {off} of {plural(len(sums), 'row')} they do not sum to 1, first in row {first + 1}: {_n(float(sums[first]))}"
        fits = [Fit("ova_log_loss", "each class for itself, against the rest")] if inside else []
        reading = Interpretation(
            "multiclass", f"{told}, and hold numbers from 0 on", fits or [Fit("top_k_error:k=1", "only their order counts")],
            [Unfit("cross_entropy", why), Unfit("brier", "the same")],
        )  # fmt: skip
        reading.doubt(
            "probabilities of a row should sum to 1: divide each row by its sum, if it was meant so"
        )
        return reading
    fits = [Fit("cross_entropy", "a sure mistake is dear"), Fit("brier", "bounded: calmer about sure mistakes"),
            Fit("top_label_ece", "whether the greatest probability means what it says")]  # fmt: skip
    reading = Interpretation(
        "multiclass", f"{told}, and sum to 1 in every row: probabilities", fits,
        [Unfit("zero_one", "it looks at the greatest one only"), Unfit("mse", "of probabilities it is called `brier`")],
    )  # fmt: skip
    if label.whole and len(preds) > 2:
        reading.doubts.append("if the classes are in an order (grades, stars), add `rps`")
    return reading


def several_to_several(
    preds: Sequence[ColumnProfile], labels: Sequence[ColumnProfile], from_logits: bool
) -> Interpretation:
    if len(preds) != len(labels):
        raise UsageError(
            f"{plural(len(preds), 'prediction column')} cannot belong to {plural(len(labels), 'label column')}",
            hint="choose columns with `--pred` and `--label`",
        )
    told = f"{len(labels)} columns of labels, and as many of predictions"
    if all(set(one.classes) <= {0, 1} for one in labels):
        if not from_logits and all(one.within(0.0, 1.0) for one in preds):
            fits = [
                Fit("hamming", "the share of wrong cells"),
                Fit("subset_zero_one", "a row is right or wrong as a whole"),
            ]
            unfit = []
            if not all(one.whole for one in preds):
                fits.insert(0, Fit("multilabel_log_loss", "a sure mistake is dear"))
                unfit.append(Unfit("cross_entropy", "the labels of a row are not one choice among several"))
            else:
                unfit.append(
                    Unfit("multilabel_log_loss", "it needs probabilities: these predictions are 0 and 1")
                )
            return Interpretation("multilabel", f"{told}: each label is 0 or 1", fits, unfit)
        return Interpretation(
            "multilabel", f"{told}: each label is 0 or 1, and the predictions are raw scores",
            [Fit("multilabel_log_loss", "of log odds")],
            [Unfit("hamming", "it needs probabilities or 0 and 1")],
            options=["--from-logits"], scores=True,
        )  # fmt: skip
    shares = [_sum_to_one(side) for side in (labels, preds)]
    if all(shares):
        return Interpretation(
            "soft labels", f"{told}: both sum to 1 in every row",
            [Fit("cross_entropy"), Fit("kl", "less what no prediction can save"), Fit("js", "the same for both, and bounded")],
            [Unfit("hamming", "shares are not 0 or 1")],
        )  # fmt: skip
    reading = Interpretation(
        "several outputs", f"{told}: numbers", [Fit("rmse", "of each output, then their mean"), Fit("mae")],
        [Unfit("hamming", "the labels are not 0 or 1"), *_relative(*labels)],
    )  # fmt: skip
    reading.doubt(
        "several outputs, or one vector a row?  For vectors `cosine_distance` or `euclidean`", "likely"
    )
    return reading


def of_label_lists(label: str, pred: str) -> Interpretation:
    return Interpretation(
        "multilabel", f"`{visible(label)}` and `{visible(pred)}` hold lists of labels",
        [Fit("hamming", "the share of wrong labels"), Fit("subset_zero_one", "a row is right or wrong as a whole"),
         Fit("samples_f1", "how well the labels of a row are found")],
        [Unfit("mse", "labels have names, not sizes")], several=True,
    )  # fmt: skip


def of_vectors(
    label: str, pred: str, preds: Sequence[ColumnProfile], labels: Sequence[ColumnProfile]
) -> Interpretation:
    told = f"`{visible(label)}` and `{visible(pred)}` hold lists of {plural(len(labels), 'number')}"
    both = [*preds, *labels]
    if all(map(_sum_to_one, (labels, preds))) and not all(one.whole for one in both):
        return Interpretation(
            "soft labels", f"{told} that sum to 1 in every row",
            [Fit("cross_entropy"), Fit("kl", "less what no prediction can save"), Fit("js", "the same for both, and bounded")],
            [Unfit("hamming", "shares are not labels")], several=True,
        )  # fmt: skip
    fits = [Fit("euclidean", "how far they lie apart"), Fit("rmse", "of each place, then their mean")]
    unfit = [Unfit("hamming", "the lists hold numbers, not labels")]
    if any(all(one.numbers is not None and not one.numbers[at] for one in side)
           for side in (labels, preds) for at in range(side[0].rows)):  # fmt: skip
        unfit.append(Unfit("cosine_distance", "a vector of zeros has no direction"))
    else:
        fits.insert(0, Fit("cosine_distance", "whether they point the same way"))
    reading = Interpretation("vectors", f"{told}: vectors", fits, unfit, several=True)
    if all(set(one.classes) <= {0, 1} for one in both):
        reading.doubt("vectors, or 0 and 1 for every class?  For those make a column each: `y_cat`, `p_cat`")
    return reading


def of_roles(roles: tuple[str, ...], preds: Sequence[ColumnProfile], label: ColumnProfile) -> Interpretation:
    if roles == ("lower", "upper"):
        reading = Interpretation(
            "intervals", "`lower` and `upper` are the ends of an interval",
            [Fit("coverage", "how often the label lies inside"), Fit("interval_width", "how wide the intervals are")],
            [Unfit("rmse", "an end of an interval is no prediction of the label")],
        )  # fmt: skip
        reading.doubt(
            "`interval_score:level=L` judges both together, but needs the level that was meant", "likely"
        )
        return reading
    spread = preds[1]
    if roles == ("mean", "var"):
        fits = [Fit("gaussian_nll", "the whole normal distribution, mean and variance")]
    else:
        fits = [Fit("dss", "mean and spread; needs no normal distribution")]
    reading = Interpretation(
        "distribution", f"`{roles[0]}` and `{roles[1]}` describe a distribution for every row", fits,
        [Unfit("rmse", "it looks at the mean alone: for that, name the one column with `--pred`")],
    )  # fmt: skip
    if spread.low <= 0.0:
        reading.doubt(f"{_col(spread)} has values of 0 or below, which no spread is")
    return reading


# ------------------------------------------------------------------------------------------------
# Numbers
# ------------------------------------------------------------------------------------------------


def _share_of_worst(errors: Floats) -> float:
    """The share of the squared error that the worst hundredth of the rows holds."""
    if len(errors) < 100:
        return 0.0
    squares = np.sort(errors / max(float(np.abs(errors).max()), 1e-300)) ** 2
    squares.sort()
    total = float(squares.sum())
    return float(squares[-max(1, len(squares) // 100) :].sum()) / total if total > 0.0 else 0.0


def _rounded(errors: Floats | None, y: Floats) -> str:
    """A size of a usual error, with one digit: where `huber` turns from a square to a line."""
    sizes = np.abs(errors) if errors is not None else np.abs(y - np.median(y))
    usual = float(np.median(sizes)) * 1.5
    return _n(float(f"{usual:.0e}")) if usual > 0.0 else "1"


def _share_of_one(label: ColumnProfile) -> float:
    return float(np.mean(label.values == 1.0)) if len(label.values) else 0.5


def _positive(label: ColumnProfile) -> tuple[int | str, bool]:
    """The class that is meant by 1, and whether its name says so."""
    for name in ("yes", "true", "positive", "pos", "1"):
        for one in label.classes:
            if str(one).casefold() == name:
                return one, True
    return sorted(label.classes, key=str)[-1], False


def _sum_to_one(columns: Sequence[ColumnProfile]) -> bool:
    if not all(one.within(0.0, 1.0) for one in columns):
        return False
    held = np.stack([one.numbers for one in columns if one.numbers is not None], axis=1)
    return bool(np.allclose(held.sum(axis=1), 1.0, atol=1e-6))


def _where(counts: tuple[int, int], labels: int, preds: int) -> str:
    sides = ((counts[0], labels, "label"), (counts[1], preds, "prediction"))
    *parts, last = [(count, total, noun) for count, total, noun in sides if count]
    said = [f"{count} of {plural(total, noun)} and " for count, total, noun in parts]
    return "".join(said) + (
        share(*last, "are") if not parts else f"{last[0]} of {plural(last[1], last[2])} are"
    )


def _n(value: float) -> str:
    return f"{value:.6g}"


def _col(look: ColumnProfile) -> str:
    return f"`{visible(look.name)}`"


def _shown(classes: Sequence[int | str]) -> str:
    shown = ", ".join(f"`{visible(str(one))}`" for one in classes[:5])
    return shown + (" …" if len(classes) > 5 else "")
