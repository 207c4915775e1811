"""What is said of a name that no loss has: why it is left out, how it is written here, or what it may be a misspelling of."""

from __future__ import annotations

from collections.abc import Mapping

from losscli.errors import UsageError
from losscli.loss.spec import fold
from losscli.losses.left_out import left_out
from losscli.losses.misspelled import meant_by

WRITTEN_AS = {
    "quadratic_weighted_kappa": "kappa:weights=quadratic",
    "quadratic_kappa": "kappa:weights=quadratic",
    "qwk": "kappa:weights=quadratic",
    "w_kappa": "kappa:weights=quadratic",
    "weighted_kappa": "kappa:weights=quadratic",
    "linear_weighted_kappa": "kappa:weights=linear",
    "rmse_relative": "nrmse:norm=range",
    "msd": "bias:sign=truth_minus_pred",
    "f2": "fbeta:beta=2",
    "f2_score": "fbeta:beta=2",
    "f05": "fbeta:beta=0.5",
    "f05_score": "fbeta:beta=0.5",
    "inverse_gaussian_deviance": "tweedie_deviance:power=3",
    "itakura_saito": "bregman:phi=neglog",
    "linear_kappa": "kappa:weights=linear",
    "auc_ovr": "auc --average macro",
    "roc_auc_ovr": "auc --average macro",
    "roc_auc_ovr_weighted": "auc --average weighted",
    "aunu": "auc --average macro",
    "roc_aunu": "auc --average macro",
    "aunp": "auc --average weighted",
    "roc_aunp": "auc --average weighted",
    "total_f1": "f1 --average weighted",
    "mean_iou": "jaccard --average macro",
    "one_hot_iou": "jaccard --average macro",
    "one_hot_mean_iou": "jaccard --average macro",
    "mean_f1_score": "f1 --average macro",
    "mean_columnwise_root_mean_squared_error": "rmse --average macro",
    "mcrmse": "rmse --average macro",
    "multi_rmse": "rmse --average micro",
    "mean_columnwise_log_loss": "log_loss --average macro",
}
"""Names of other libraries and competitions that stand for a loss with parameters or options, and how these are written."""

AVERAGES = ("macro", "micro", "weighted")
OF_ROWS = {"trimmed": "trimmed", "winsorised": "winsorised", "winsorized": "winsorised"}
"""Losses of the rows of another loss, whose name may stand behind theirs, by their spellings."""


def refusal(name: str, known: Mapping[str, str]) -> UsageError:
    """The error for an unknown name; ``known`` has every name that there is, and the loss that it calls."""
    if (gone := left_out(name)) is not None:
        return UsageError(gone.said(name), hint=gone.instead)
    for other, written in WRITTEN_AS.items():
        if fold(other) == fold(name):
            return UsageError(
                f"`{name}` is a loss with parameters or options", hint=f"write `--loss {written}`"
            )
    names = {fold(one): loss for one, loss in known.items()}
    if (own := names.get(fold(name).removeprefix("neg"))) is not None:
        return UsageError(
            f"`{name}` is `{own}` with its sign changed",
            hint=f"write `{own}`: losscli changes no sign, and knows that lower is better",
        )
    for average in AVERAGES:
        rest = fold(name).removesuffix(average).removeprefix(average)
        if (own := names.get(rest)) is not None:
            return UsageError(
                f"`{name}` is `{own}` averaged over classes", hint=f"write `--loss {own} --average {average}`"
            )
    for spelled, outer in OF_ROWS.items():
        rest = fold(name).removeprefix(spelled)
        if rest != fold(name) and (own := names.get(rest)) is not None:
            return UsageError(
                f"`{name}` is `{outer}` of the losses of `{own}`", hint=f"write `--loss {outer}:of={own}`"
            )
    near = meant_by(name, known)
    hint = f"did you mean `{near}`?  " if near else ""
    return UsageError(f"no loss is called `{name}`", hint=f"{hint}`losscli losses` lists all of them")
