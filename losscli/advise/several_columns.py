"""Several columns of predictions or labels: classes, quantiles, labels, outputs, intervals, distributions, lists.

Each rule answers with an interpretation, or with None where the columns look like something else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from losscli.advise.interpretation import (
    Described,
    Interpretation,
    Rules,
    listed,
    matrix,
    name_of,
    short,
    sum_to_one,
    zeros_and_ones,
)
from losscli.advise.one_column import against_ratios
from losscli.advise.profile import ColumnProfile
from losscli.errors import UsageError
from losscli.table.labels import class_names, quantile_level
from losscli.text import plural, visible


def intervals(seen: Described) -> Interpretation | None:
    """A lower and an upper end."""
    if set(seen.roles) != {"lower", "upper"}:
        return None
    return Interpretation(
        "intervals",
        "`lower` and `upper` are the ends of an interval",
        {"coverage": "how often the label lies inside", "interval_width": "how wide the intervals are"},
        {"rmse": "an end of an interval is no prediction of the label"},
    ).doubt("`interval_score:level=L` judges both together, but needs the level that was meant", "likely")


def distributions(seen: Described) -> Interpretation:
    """A mean and a spread."""
    roles = dict(zip(seen.roles, seen.preds, strict=True))
    spread = roles.get("sd", roles.get("var"))
    if "mean" not in roles or len(roles) != 2 or spread is None:
        said = " and ".join(f"`{role}`" for role in roles)
        raise UsageError(
            f"no loss is suggested for predictions of {said}",
            hint="roles that go together are `mean` and `sd`, `mean` and `var`, `lower` and `upper`",
        )
    first, second = seen.roles
    found = Interpretation(
        "distribution",
        f"`{first}` and `{second}` describe a distribution for every row",
        {"gaussian_nll": "the whole normal distribution, mean and variance"}
        if "var" in roles
        else {"dss": "mean and spread; needs no normal distribution"},
        {"rmse": "it looks at the mean alone: for that, name the one column with `--pred`"},
    )
    if spread.low <= 0.0:
        found.doubt(f"{name_of(spread)} has values of 0 or below, which no spread is")
    return found


def survival(seen: Described) -> Interpretation:
    """Times to an event, and whether it was seen."""
    time, event = seen.labels
    fits = {"concordance": "whether rows are put in the order of their times"}
    if seen.pred.low > 0.0:
        fits["aft_nll"] = "the times themselves, where the event was not seen as well"
    found = Interpretation(
        "survival",
        f"{name_of(time)} is a time, and {name_of(event)} says whether the event was seen by then",
        fits,
        {"mae": f"where {name_of(event)} is 0, the true time is not known"},
    )
    if not zeros_and_ones([event]):
        found.doubt(f"{name_of(event)} holds more than 0 and 1")
    return found


# -- several predictions for one label ------------------------------------------------------------


def quantiles(seen: Described) -> Interpretation | None:
    """Columns named for levels; `p_1`, `p_2` are classes where the labels are, and else levels in percent."""
    levels = [level for one in seen.preds if (level := quantile_level(one.name)) is not None]
    if len(levels) < len(seen.preds) or seen.label.text or not _strangers(seen):
        return None
    shown = ", ".join(map(short, levels))
    fits = {"mean_pinball": "each quantile by its own slope"}
    paired = all(abs(a + b - 1.0) < 1e-12 for a, b in zip(levels, levels[::-1], strict=True))
    if len(levels) % 2 == 1 and paired and levels == sorted(levels):
        fits["wis"] = "intervals around the median: width, and a penalty for labels outside"
    fits["crps_quantile"] = "the same, on the scale of a whole distribution"
    fits["crossing_rate"] = "how often a lower quantile lies above a higher one"
    return Interpretation(
        "quantiles",
        f"the columns are named for the quantile levels {shown}",
        fits,
        {"rmse": "a quantile other than the median is not meant to lie near the label"},
    )


def unnamed_predictions(seen: Described) -> Interpretation | None:
    """Columns that are not named for the classes of the label, or hold text."""
    strangers = _strangers(seen)
    if not (strangers or any(one.text for one in seen.preds)):
        return None
    unnamed = {"cross_entropy": f"no column is named for {listed(strangers)}"} if strangers else {}
    return Interpretation(
        "several predictions",
        f"{len(seen.preds)} columns of predictions for one label",
        {"rmse": "", "mae": ""},
        unnamed | against_ratios(seen.label),
    ).doubt(
        "columns of classes, quantiles or several models?  For models repeat `--pred`; for classes name the "
        "columns for them, or give `--classes`"
    )


def _strangers(seen: Described) -> list[int | str]:
    """The classes of the label for which no column is named."""
    classes = class_names([one.name for one in seen.preds], named=seen.named)
    return [c for c in seen.label.classes if c not in classes]


def scores_of_classes(seen: Described) -> Interpretation | None:
    """A column for each class, with a number below 0, or said to hold raw scores."""
    cells = matrix(seen.preds)
    if not seen.from_logits and bool((cells >= 0.0).all()):
        return None
    logarithms = bool((cells <= 0.0).all()) and bool(np.allclose(np.exp(cells).sum(axis=1), 1.0, atol=1e-3))
    if logarithms and not seen.from_logits:
        return Interpretation(
            "multiclass",
            f"{_of_classes(seen)}, and hold logarithms of probabilities",
            {"nll": "the logarithm as it is"},
            {"cross_entropy": "it would take the logarithm once more: `nll` does not"},
        )
    return Interpretation(
        "multiclass",
        f"{_of_classes(seen)}, and hold raw scores",
        {"cross_entropy": "with the softmax of the scores"},
        {"brier": "it needs probabilities"},
        options=["--from-logits"],
    )


def probabilities_of_classes(seen: Described) -> Interpretation:
    """A column for each class, of numbers from 0 on."""
    cells = matrix(seen.preds)
    sums = cells.sum(axis=1)
    off = np.abs(sums - 1.0) > 1e-6
    if off.any():
        first = int(np.argmax(off))
        some = f"in {np.count_nonzero(off)} of {plural(len(sums), 'row')} they do not sum to 1"
        one_by_one = {"ova_log_loss": "each class for itself, against the rest"}
        return Interpretation(
            "multiclass",
            f"{_of_classes(seen)}, and hold numbers of at least 0",
            one_by_one if (cells <= 1.0).all() else {"top_k_error:k=1": "only their order counts"},
            {"cross_entropy": f"{some}, first in row {first + 1}: {short(sums[first])}", "brier": "the same"},
        ).doubt("probabilities of a row should sum to 1: divide each row by its sum if that is what they are")
    found = Interpretation(
        "multiclass",
        f"{_of_classes(seen)}, and sum to 1 in every row: probabilities",
        {
            "cross_entropy": "a sure mistake is dear",
            "brier": "bounded: calmer about sure mistakes",
            "top_label_ece": "whether the greatest probability means what it says",
        },
        {"zero_one": "it looks at the greatest one only", "mse": "of probabilities it is called `brier`"},
    )
    if seen.label.whole and len(seen.preds) > 2:
        found.doubts.append("if the classes are in an order (grades, stars), add `rps`")
    return found


def _of_classes(seen: Described) -> str:
    return f"the columns are named for the classes of {name_of(seen.label)}"


# -- several labels -------------------------------------------------------------------------------


def several_labels(seen: Described) -> Interpretation:
    """Columns of 0 and 1 for the labels of a row, shares of classes, or several outputs."""
    preds, labels = seen.preds, seen.labels
    if len(preds) != len(labels):
        raise UsageError(
            f"{plural(len(preds), 'prediction column')} cannot belong to {plural(len(labels), 'label column')}",
            hint="choose columns with `--pred` and `--label`",
        )
    told = f"{len(labels)} columns of labels, and as many of predictions"
    if zeros_and_ones(labels):
        return _multilabel(seen, f"{told}: each label is 0 or 1")
    if sum_to_one(labels) and sum_to_one(preds):
        return _soft_labels(f"{told}: both sum to 1 in every row", "shares are not 0 or 1")
    return Interpretation(
        "several outputs",
        f"{told}: numbers",
        {"rmse": "of each output, then their mean", "mae": ""},
        {"hamming": "the labels are not 0 or 1", **against_ratios(*labels)},
    ).doubt("several outputs, or one vector a row?  For vectors `cosine_distance` or `euclidean`", "likely")


def _multilabel(seen: Described, told: str) -> Interpretation:
    if seen.from_logits or not all(one.from_0_to(1.0) for one in seen.preds):
        return Interpretation(
            "multilabel",
            f"{told}, and the predictions are raw scores",
            {"multilabel_log_loss": "of log odds"},
            {"hamming": "it needs probabilities or 0 and 1"},
            options=["--from-logits"],
        )
    hard = {
        "hamming": "the share of wrong cells",
        "subset_zero_one": "a row is right or wrong as a whole",
    }
    if all(one.whole for one in seen.preds):
        against = {"multilabel_log_loss": "it needs probabilities: these predictions are 0 and 1"}
        return Interpretation("multilabel", told, hard, against)
    against = {"cross_entropy": "the labels of a row are not one choice among several"}
    return Interpretation(
        "multilabel", told, {"multilabel_log_loss": "a sure mistake is dear", **hard}, against
    )


def _soft_labels(why: str, against_hamming: str) -> Interpretation:
    fits = {
        "cross_entropy": "",
        "kl": "without the part that no prediction can avoid",
        "js": "symmetric and bounded",
    }
    return Interpretation("soft labels", why, fits, {"hamming": against_hamming})


# -- lists ----------------------------------------------------------------------------------------


def lists_of_labels(seen: Described) -> Interpretation | None:
    """Two columns of lists that are no vectors of one length."""
    if seen.preds:
        return None
    return Interpretation(
        "multilabel",
        f"{_both(seen)} hold lists of labels",
        {
            "hamming": "the share of wrong labels",
            "subset_zero_one": "a row is right or wrong as a whole",
            "samples_f1": "how well the labels of a row are found",
        },
        {"mse": "labels have names, not sizes"},
    )


def vectors(seen: Described) -> Interpretation:
    """Two columns of lists of numbers, all of one length."""
    both = [*seen.preds, *seen.labels]
    told = f"{_both(seen)} hold lists of {plural(len(seen.labels), 'number')}"
    if sum_to_one(seen.labels) and sum_to_one(seen.preds) and not all(one.whole for one in both):
        found = _soft_labels(f"{told} that sum to 1 in every row", "shares are not labels")
    else:
        far = {"euclidean": "how far they lie apart", "rmse": "of each place, then their mean"}
        against = {"hamming": "the lists hold numbers, not labels"}
        if _some_row_is_zero(seen.labels) or _some_row_is_zero(seen.preds):
            against["cosine_distance"] = "a vector of zeros has no direction"
        else:
            far = {"cosine_distance": "whether they point the same way", **far}
        found = Interpretation("vectors", f"{told}: vectors", far, against)
        if zeros_and_ones(both):
            found.doubt(
                "vectors, or 0 and 1 for every class?  For those give each class a column: `y_cat`, `p_cat`"
            )
    if seen.whole_lists:
        found.doubt("numbers, or labels that are written as numbers?  For sets of labels `hamming`", "likely")
    return found


def _both(seen: Described) -> str:
    return " and ".join(f"`{visible(name)}`" for name in seen.lists)


def _some_row_is_zero(columns: Sequence[ColumnProfile]) -> bool:
    return bool((matrix(columns) == 0.0).all(axis=1).any())


OF_ROLES: Rules = (intervals, distributions)
OF_LABEL_ROLES: Rules = (survival,)
OF_PREDICTIONS: Rules = (quantiles, unnamed_predictions, scores_of_classes, probabilities_of_classes)
OF_LABELS: Rules = (several_labels,)
OF_LISTS: Rules = (lists_of_labels, vectors)
"""Each in the order in which its rules are tried; the last fits whatever is left."""
