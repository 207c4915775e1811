"""One column of predictions for one column of labels: classes, probabilities, shares or numbers.

Each rule answers with an interpretation, or with None where the columns look like something else.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from losscli.advise.interpretation import Described, Interpretation, Rules, listed, name_of, short
from losscli.advise.profile import ColumnProfile
from losscli.table.block import Floats
from losscli.table.labels import class_label
from losscli.text import plural, share, visible

FEW_CLASSES = 20
"""Whole numbers with more different values than these are no classes."""
GRADES = 10
"""Grades of relevance have no more different values than these."""
RANKS = "how often a row of the positive class is ranked above another"


def ranking(seen: Described) -> Interpretation | None:
    """Scores that put the rows of each query in an order, beside grades of relevance."""
    pred, label = seen.pred, seen.label
    graded = label.whole and label.low >= 0.0 and len(label.classes) <= GRADES
    if seen.query is None or not graded or pred.text:
        return None
    fits = {"ndcg": "the whole order, its first places most; a higher grade counts for more"}
    if set(label.classes) <= {0, 1}:
        fits |= {
            "map": "how pure the places down to each relevant row are",
            "mrr": "the first relevant row alone",
        }
    return Interpretation(
        "ranking",
        f"{name_of(label)} grades the rows of each `{visible(seen.query)}`, and {name_of(pred)} puts them in an order",
        fits,
        {"rmse": "a score only orders the rows of its query"},
        options=[f"--group={seen.query}"],
    )


def texts(seen: Described) -> Interpretation | None:
    """Sentences, nearly all of them different."""
    pred, label = seen.pred, seen.label
    words = [str(one).split() for one in label.classes]
    if not (pred.text and label.text) or len(words) * 2 <= label.rows:
        return None
    if sum(len(one) > 1 for one in words) * 2 <= len(words):
        return None
    return Interpretation(
        "texts",
        f"{name_of(label)} and {name_of(pred)} hold texts of several words",
        {
            "wer": "edits of words, as a share of the words of the label",
            "cer": "the same of characters: calmer about a slip in a word",
            "exact_match": "a text is right or wrong as a whole",
        },
        {"accuracy": "each text would be a class of its own"},
    )


def labels_of_text(seen: Described) -> Interpretation | None:
    """Labels that are text or two numbers other than 0 and 1, and labels whose positive class the call names."""
    pred, label = seen.pred, seen.label
    coded = label.whole and len(label.classes) == 2 and pred.from_0_to(1.0) and not pred.whole
    if not (label.text or seen.pos_label is not None or (coded and not _two_classes(label))):
        return None
    if pred.text:
        strangers = [c for c in pred.classes if c not in label.classes]
        why = f"the labels have no {listed(strangers)}, which the predictions have: a spelling?"
        return _classes(seen, why if strangers else None)
    if (len(label.classes) > 2 and seen.pos_label is None) or (pred.whole and not pred.from_0_to(1.0)):
        found = _classes(seen)
        found.doubt("the labels are text and the predictions numbers: do they name the same classes?")
        return found
    positive, known = _positive(label) if seen.pos_label is None else (class_label(seen.pos_label), True)
    # As many of both: how often the positive class occurs says nothing before it is known which it is.
    as_numbers = ColumnProfile(label.name, np.array([0.0, 1.0]), (0, 1), label.rows, label.missing)
    found = _probabilities_or_scores(replace(seen, labels=[as_numbers]))
    if found.task == "binary":
        found.options.insert(0, f"--pos-label={positive}")
    if not known:
        others = [c for c in label.classes if c != positive]
        found.doubt(f"which class do the probabilities refer to: `{positive}`, or {listed(others)}?")
    elif seen.pos_label is None:
        found.doubt(f"`{positive}` is taken for the positive class because of its name", "likely")
    elif positive not in label.classes:
        found.doubt(f"the labels have no `{positive}`, which `--pos-label` names: {listed(label.classes)}")
    return found


def _positive(label: ColumnProfile) -> tuple[int | str, bool]:
    """The positive class, and whether its name says that it is."""
    for name in ("yes", "true", "positive", "pos", "1"):
        for one in label.classes:
            if str(one).casefold() == name:
                return one, True
    return sorted(label.classes, key=str)[-1], False


def predictions_of_text(seen: Described) -> Interpretation | None:
    """Predicted classes, where the labels are numbers."""
    if not seen.pred.text:
        return None
    return _classes(seen, "the predictions are text and the labels numbers: do they name the same classes?")


def two_classes(seen: Described) -> Interpretation | None:
    """Labels of 0 and 1, or of -1 and 1."""
    return _probabilities_or_scores(seen) if _two_classes(seen.label) else None


def _two_classes(label: ColumnProfile) -> bool:
    classes = set(label.classes)
    return classes in ({0, 1}, {-1, 1}) or (classes < {0, 1} and label.rows > 0)


def _probabilities_or_scores(seen: Described) -> Interpretation:
    pred, label = seen.pred, seen.label
    told = f"{name_of(label)} has two classes"
    raw = seen.from_logits or not pred.from_0_to(1.0)
    if raw and not seen.from_logits and pred.from_0_to(100.0) and pred.high > 20.0:
        return Interpretation(
            "binary",
            f"{told}, and {name_of(pred)} lies between 0 and 100",
            {"log_loss": "", "brier": ""},
            {"log_loss": "it needs probabilities between 0 and 1"},
        ).doubt("these look like percent: divide the column by 100, then run the command")
    if pred.whole and (not raw or set(pred.classes) <= {-1, 0, 1}):
        return _classes(seen)
    if raw:
        return Interpretation(
            "binary",
            f"{told}, and {name_of(pred)} holds raw scores from {short(pred.low)} to {short(pred.high)}",
            {
                "log_loss": "if the scores are log odds",
                "brier": "the same, calmer about sure mistakes",
                "auc": RANKS,
            },
            {"mse": "scores are not in the unit of the label", **_against_the_share_of_mistakes(label)},
            options=["--from-logits"],
        ).doubt(
            "log odds (of a logistic model or a network), or margins of another kind?  For those `hinge` or "
            "`soft_margin`",
            "likely",
        )
    found = Interpretation(
        "binary",
        f"{told}, and {name_of(pred)} lies between 0 and 1: probabilities",
        {
            "log_loss": "a sure mistake is dear",
            "brier": "bounded: calmer about sure mistakes",
            "ece": "whether the probabilities mean what they say",
            "auc": RANKS,
        },
        _against_the_share_of_mistakes(label),
    )
    if certain := int(np.count_nonzero((pred.values == 0.0) | (pred.values == 1.0))):
        said = f"{plural(certain, 'prediction is', 'predictions are')} exactly 0 or 1"
        found.unfit["log_loss:eps=0"] = f"{said}: one mistake among them is infinite"
    found.unfit["mse"] = "of a probability it is called `brier`"
    found.unfit["hamming"] = "it cuts the probability at one half and forgets the rest"
    if len(label.classes) < 2:
        found.doubt(f"the rows looked at have only one class, {listed(label.classes)}")
    return found


def _against_the_share_of_mistakes(label: ColumnProfile) -> dict[str, str]:
    """Where one class is rare, always to predict the other makes few mistakes."""
    ones = float(np.mean(label.values == 1.0)) if len(label.values) else 0.5
    rare = min(ones, 1.0 - ones)
    if rare >= 0.1 or label.rows < 20:
        return {}
    common = f"{1.0 - rare:.1%} of the labels are one class"
    return {"zero_one": f"{common}: always predicting it costs only {rare:.3f}"}


def _classes(seen: Described, doubt: str | None = None) -> Interpretation:
    pred, label = seen.pred, seen.label
    both = dict.fromkeys([*label.classes, *pred.classes])
    said = f"{plural(len(both), 'class', 'classes')}, {listed(list(both))}"
    found = Interpretation(
        "classes",
        f"{name_of(label)} and {name_of(pred)} hold {said}",
        {
            "zero_one": "the share of wrong classes",
            "balanced_error": "each class counts the same, however rare",
            "mcc": "one number for the whole confusion table",
        },
        {
            "log_loss": "it needs probabilities: these predictions are classes",
            "mse": "classes have names, not sizes",
        },
    )
    if len(both) == 2 and both.keys() <= {-1, 0, 1}:
        found.fits["f1"] = "for the positive class, which should be the rare one"
    return found if doubt is None else found.doubt(doubt, "likely" if label.whole else "no")


def shares(seen: Described) -> Interpretation | None:
    """Labels between 0 and 1."""
    pred, label = seen.pred, seen.label
    if label.whole or not (label.from_0_to(1.0) and pred.from_0_to(1.0)):
        return None
    return Interpretation(
        "shares",
        f"{name_of(label)} and {name_of(pred)} lie between 0 and 1",
        {"rmse": "", "mae": "", "log_loss": "if the labels are probabilities (soft labels)"},
        {"zero_one": "shares are not classes", **against_ratios(label)},
    ).doubt("shares, or probabilities as soft labels?  For the latter measure `log_loss` alone", "likely")


def few_whole_numbers(seen: Described) -> Interpretation | None:
    """Whole numbers of few different values on both sides."""
    pred, label = seen.pred, seen.label
    few = max(len(label.classes), len(pred.classes)) <= FEW_CLASSES
    if not (label.whole and pred.whole and few):
        return None
    found = _classes(
        seen,
        "the classes are whole numbers: are they names, grades or counts?  For grades `ordinal_mae`, "
        "for counts `mae` and `rmse`",
    )
    found.unfit |= against_ratios(label)
    return found


def regression(seen: Described) -> Interpretation:
    """Real numbers, which is what is left."""
    pred, label = seen.pred, seen.label
    found = Interpretation("regression", f"{name_of(label)} and {name_of(pred)} hold real numbers")
    _judge_sizes_of_errors(found, seen)
    counts = label.whole and label.low >= 0.0 and (bool((label.values == 0.0).any()) or label.high <= 30)
    if counts and pred.low > 0.0:
        found.fits["poisson_deviance"] = "for counts, whose spread grows with their mean"
        found.doubt("whole numbers from 0 on: counts, or a measure that happens to be whole?", "likely")
    positive = label.low > 0.0 and pred.low > 0.0
    if positive and float(np.quantile(label.values, 0.95) / np.quantile(label.values, 0.05)) > 30.0:
        span = f"labels range from {short(label.low)} to {short(label.high)}"
        found.fits["rmsle"] = f"{span}: errors count by their ratio"
    found.unfit |= against_ratios(label)
    if low := _where(seen, -1.0):
        found.unfit["msle"] = f"{low} -1 or below: the logarithm of 1 + x is not defined"
    elif not positive:
        found.unfit["gamma_deviance"] = f"{_where(seen, 0.0)} 0 or below"
    found.unfit["cross_entropy"] = "the labels are numbers, not classes"
    return found


def _judge_sizes_of_errors(found: Interpretation, seen: Described) -> None:
    """Squared errors, or robust losses where a few rows would hold most of the sum of squares."""
    label, errors = seen.label, seen.errors
    spread = label.values - np.median(label.values) if errors is None else errors
    tail = _share_of_worst(spread)
    if tail > 0.5:
        what = "the squared error" if errors is not None else "the labels' squared distance from their median"
        said = f"1 % of the rows hold {tail:.0%} of {what}"
        found.fits["mae"] = f"{said}: each error counts by its size alone"
        found.fits[f"huber:delta={_usual(spread)}"] = "squared for small errors, a line for large ones"
        found.unfit["rmse"] = f"{said}, so it would depend on them alone"
        found.unfit["r2"] = "its sums of squares depend on the same rows"
        return
    found.fits |= {"rmse": "in the unit of the label", "mae": "the usual size of an error"}
    if label.constant:
        found.unfit["r2"] = "the label is constant: there is no spread to explain"
    else:
        found.fits["r2"] = "the share of the spread that is explained"


def against_ratios(*labels: ColumnProfile) -> dict[str, str]:
    """The first reason why errors cannot be divided by these labels; empty where they can."""
    for label in labels:
        where = f"in {name_of(label)} " if len(labels) > 1 else ""
        sizes = np.abs(label.values)
        if zeros := int(np.count_nonzero(sizes == 0.0)):
            said = share(zeros, len(sizes), "label", "are 0")
            return {"mape": f"{where}{said}, and nothing can be divided by 0"}
        if len(sizes) and sizes.min() < np.median(sizes) / 1000.0:
            least = short(float(label.values[sizes.argmin()]))
            return {"mape": f"{where}some labels are close to 0 ({least}), which make it huge"}
    return {}


def _share_of_worst(errors: Floats) -> float:
    """The share of the sum of squares that the worst hundredth of the rows holds."""
    if len(errors) < 100:
        return 0.0
    squares = np.sort(errors / max(float(np.abs(errors).max()), 1e-300)) ** 2
    squares.sort()
    total = float(squares.sum())
    return float(squares[-max(1, len(squares) // 100) :].sum()) / total if total > 0.0 else 0.0


def _usual(errors: Floats) -> str:
    """One and a half times the median error, with one digit: where `huber` turns from a square to a line."""
    usual = float(np.median(np.abs(errors))) * 1.5
    return short(float(f"{usual:.0e}")) if usual > 0.0 else "1"


def _where(seen: Described, most: float) -> str:
    """How many labels and predictions are at most so much, in words; empty where there are none."""
    sides = ((seen.label.values, "label"), (seen.pred.values, "prediction"))
    counts = [(int(np.count_nonzero(v <= most)), len(v), noun) for v, noun in sides if (v <= most).any()]
    if len(counts) == 1:
        return share(*counts[0], "are")
    said = " and ".join(f"{count} of {plural(total, noun)}" for count, total, noun in counts)
    return f"{said} are" if said else ""


OF_ONE_COLUMN: Rules = (
    ranking, texts, labels_of_text, predictions_of_text, two_classes, shares, few_whole_numbers, regression
)  # fmt: skip
"""In the order in which the rules are tried; the last fits whatever is left."""
