"""Where libraries disagree with losscli on a loss: what each computes, in losscli's own specs, and the rule behind it.

Read from the sources of the versions in `libraries`, and for most rows from running them.
"""

from __future__ import annotations

from typing import NamedTuple


class Convention(NamedTuple):
    """What one library computes under the name of one loss."""

    library: str
    name: str
    """What the library calls it."""
    value: str | None
    """Its value as an expression of specs in backticks and of the words below; None: no expression gives it.

    ``rows`` and ``weight`` are the number and the weight of the rows, ``columns`` is the number of prediction columns.
    """
    rule: str
    default: str = ""
    """Parameters that its users may change as well, with its default: they hold where the call names none."""
    refused: str | None = None
    """Why `--compat` refuses it."""
    logits: bool | None = None
    """Whether it is of raw scores, or of probabilities; None: of both."""
    task: str | None = None
    """The task of the form that it is of, where the forms of a loss have several."""
    per_row: bool = False
    """Whether the mean, which is that of one spec, divides by the number of rows, not by the sum of their weights."""
    where_defined: bool = False
    """Whether ``value`` holds only where the spec has a value: elsewhere nothing gives that of the library."""


_N = "divides by the number of rows, not by the sum of their weights"
_KERAS_N = f"the loss class {_N}; the metric divides by the weights"
_POOLED = "takes the root of the error pooled over all outputs; here each output has its own root, and their mean counts"
_TINY = "divides by max(|label|, {}), so that a zero label costs a huge number"
_ONE = "divides by max(|label|, 1), so that labels below 1 count by their absolute error"
_FLOOR = "raises a probability of what happened below {} to it"
_CONSTANT = "where all labels are equal R² is not defined, and is {}"
_THRESHOLDS = "counts at {} thresholds and joins them: near the exact area, but not it"
_ONE_CLASS = "where the labels are of one class the area is not defined, and is {}"
_ZERO = "where it is 0/0 it is not defined, and is 0"
_GUESS = "applies a sigmoid or softmax to a whole batch in which a score lies outside [0, 1], so one row changes all others"

CONVENTIONS: dict[str, tuple[Convention, ...]] = {
    "mse": (
        Convention("keras", "losses.MeanSquaredError", "`mse`", _KERAS_N, per_row=True),
        Convention("optax", "l2_loss", "`half_mse`", "halves the square; `squared_error` does not"),
    ),
    "mae": (
        Convention("keras", "losses.MeanAbsoluteError", "`mae`", _KERAS_N, per_row=True),
        Convention("sktime", "MeanAbsoluteError(sample_weight=)", "`mae`", _N, per_row=True),
    ),
    "rmse": (
        Convention("keras", "metrics.RootMeanSquaredError", "sqrt(`mse`)", _POOLED),
        Convention("torchmetrics", "mean_squared_error(squared=False)", "sqrt(`mse`)", _POOLED),
        Convention("xgboost", "rmse", "sqrt(`mse`)", _POOLED),
        Convention("catboost", "MultiRMSE", "sqrt(columns * `mse`)",
                   "sums the squares over the outputs and divides by the rows alone, then takes the root"),
    ),
    "r2": (
        Convention("sklearn", "r2_score",
                   "`r2` if not missing(`r2`) or columns > 1 or rows < 2 else 1 if `mse` == 0 else 0",
                   _CONSTANT.format("0, or 1 if the predictions are exact")),
        Convention("keras", "metrics.R2Score", "`r2` if not missing(`r2`) or columns > 1 or `mse` == 0 else 0",
                   _CONSTANT.format("0, or NaN if the predictions are exact")),
        Convention("torchmetrics", "r2_score",
                   "0 / 0 if columns > 1 and missing(`r2`) else 1 if `mse` * rows <= 1e-4 "
                   "else 0 if missing(`r2`) or `mse` * rows <= 1e-4 * (1 - `r2`) else `r2`",
                   "takes sums of squares up to 1e-4 for 0, so that small labels score 1 whatever is predicted; "
                   "where all labels are equal it is 0",
                   refused="scores 1 for any predictions whose squared errors sum to less than 1e-4"),
        Convention("lightgbm", "r2", "`r2` if not missing(`r2`) or columns > 1 else 1 if `mse` == 0 else 0",
                   _CONSTANT.format("0, or 1 if the predictions are exact")),
        Convention("catboost", "R2", "`r2` if not missing(`r2`) or columns > 1 else 1", _CONSTANT.format("1")),
        Convention("river", "R2", "`r2` if not missing(`r2`) or columns > 1 else 0", _CONSTANT.format("0")),
    ),
    "msle": (
        Convention("keras", "losses.MeanSquaredLogarithmicError",
                   "`expr:(log1p(max(pred, 1e-7)) - log1p(max(label, 1e-7))) ** 2`",
                   "raises both sides to 1e-7 first, so that negative values count as 0", per_row=True),
    ),
    "bias": (
        Convention("yardstick", "msd", "`bias:sign=truth_minus_pred`", "label minus prediction"),
        Convention("gluonts", "SumError", "`bias:sign=truth_minus_pred` * weight", "sums label minus prediction, without a mean"),
    ),
    "nrmse": (
        Convention("yardstick", "rmse_relative", "`nrmse:norm=range`", "divides by the range of the labels, not by their mean"),
    ),
    "pearson": (
        Convention("keras", "metrics.PearsonCorrelation", None, "correlates the columns within each row, and takes the mean"),
        Convention("yardstick", "rsq", "`pearson` ** 2", "squares the correlation"),
    ),
    "ccc": (
        Convention("keras", "metrics.ConcordanceCorrelation", None, "correlates the columns within each row, and takes the mean"),
    ),
    "log_cosh": (
        Convention("torchmetrics", "log_cosh_error", "`log_cosh`",
                   "is infinite from an error of about 1000 on (89 in float32), where cosh overflows"),
    ),
    "huber": (
        Convention("torch", "huber_loss(weight=)", "`huber`", _N, default="delta=1", per_row=True),
        Convention("lightgbm", "huber", "`huber`", "bends at 0.9 by default (`alpha`)", default="delta=0.9"),
        Convention("river", "optim.losses.Huber", "`huber`", "bends at 0.1 by default (`epsilon`)", default="delta=0.1"),
        Convention("xgboost", "mphe", "`pseudo_huber`", "has the smooth pseudo-Huber loss only", default="delta=1"),
    ),
    "mape": (
        Convention("sklearn", "mean_absolute_percentage_error", "`mape:zero=eps`", _TINY.format("2.2e-16")),
        Convention("torchmetrics", "mean_absolute_percentage_error", "`mape:zero=eps,eps=1.17e-6`", _TINY.format("1.17e-6")),
        Convention("keras", "losses.MeanAbsolutePercentageError", "`mape:zero=eps,eps=1e-7,percent=true`",
                   f"{_TINY.format('1e-7')}; 100 times the fraction"),
        Convention("xgboost", "mape", "`mape:zero=inf`", "divides by the label itself: a zero label costs infinity"),
        Convention("lightgbm", "mape", "`mape:zero=one`", _ONE),
        Convention("catboost", "MAPE", "`mape:zero=one`", _ONE),
        Convention("yardstick", "mape", "`mape:zero=inf,percent=true`",
                   "100 times the fraction; divides by the label itself: a zero label costs infinity"),
        Convention("river", "MAPE", "100 * `mape:zero=skip` * `expr:label != 0`",
                   "100 times the fraction; a row of zero label counts as 0"),
        Convention("utilsforecast", "mape", "`mape:zero=skip`", "leaves rows of zero label out"),
        Convention("sktime", "MeanAbsolutePercentageError", "`mape:zero=eps`", _TINY.format("2.2e-16")),
        Convention("gluonts", "MAPE", "`mape:zero=inf`", "divides by the label itself: a zero label costs infinity"),
    ),
    "mpe": (Convention("yardstick", "mpe", "`mpe:percent=true`", "100 times the fraction; a zero label costs infinity"),),
    "rmspe": (
        Convention("statsmodels", "rmspe", "10 * `rmspe`", "takes the root of 100 times the mean: ten times the fraction"),
    ),
    "smape": (
        Convention("utilsforecast", "smape", "`smape:half=true`", "divides by |label| + |prediction| without the 2: from 0 to 1"),
        Convention("catboost", "SMAPE", "`smape:percent=true`", "100 times the fraction: from 0 to 200"),
        Convention("river", "SMAPE", "`smape:percent=true`", "100 times the fraction: from 0 to 200"),
        Convention("yardstick", "smape", "`smape:percent=true`", "100 times the fraction: from 0 to 200; NaN where both are 0"),
        Convention("m4", "sMAPE", "`smape:percent=true`", "100 times the fraction: from 0 to 200"),
    ),
    "pinball": (
        Convention("gluonts", "QuantileLoss", "`pinball:factor=2`", "twice the loss of the others", default="quantile=0.5"),
        Convention("lightgbm", "quantile", "`pinball`", "takes the 0.9 quantile by default (`alpha`)", default="quantile=0.9"),
    ),
    "mean_pinball": (Convention("gluonts", "MeanWeightedSumQuantileLoss", "`mean_pinball:factor=2`", "twice the loss of the others"),),
    "rps": (
        Convention("scoringrules", "rps_score", "`rps:normalize=false`",
                   "does not divide by the number of classes less 1; counts classes from 1"),
    ),
    "poisson_nll": (
        Convention("torch", "poisson_nll_loss", "`poisson_nll:log_input=true`", "takes the prediction as the log of the rate by default"),
        Convention("torch", "poisson_nll_loss(log_input=False)", "`poisson_nll:eps=1e-8`", "adds 1e-8 to the rate within the log"),
        Convention("torch", "poisson_nll_loss(log_input=False, full=True)", "`poisson_nll:eps=1e-8,full=stirling`",
                   "adds Stirling's approximation of log(label!) for labels above 1"),
        Convention("keras", "losses.Poisson", "`poisson_nll:eps=1e-7`", "adds 1e-7 to the rate within the log"),
        Convention("xgboost", "poisson-nloglik", "`poisson_nll:eps=1e-16,full=lgamma`",
                   "adds log(label!); raises a rate below 1e-16 to it"),
        Convention("lightgbm", "poisson", "`poisson_nll:eps=1e-10`", "raises a rate below 1e-10 to it"),
        Convention("catboost", "Poisson", "`poisson_nll:log_input=true`", "takes raw scores: the log of the rate"),
        Convention("yardstick", "poisson_log_loss", "`poisson_nll:eps=1e-15,full=lgamma`",
                   "adds log(label!); cuts labels to whole numbers, and raises a rate below 1e-15 to it"),
        Convention("sklearn", "mean_poisson_deviance", "`poisson_deviance`", "has the deviance only, which is 0 where prediction and label agree"),
    ),
    "gamma_deviance": (
        Convention("lightgbm", "gamma_deviance", "`gamma_deviance` * weight", "sums over the rows, without a mean"),
        Convention("xgboost", "gamma-deviance", None, "adds 1e-6 to both sides first"),
    ),
    "tweedie_deviance": tuple(
        Convention(library, name, "`tweedie_nll`", "has the likelihood: half the deviance, without the part of the labels alone" + of_log,
                   default="power=1.5")
        for library, name, of_log in (
            ("xgboost", "tweedie-nloglik", ""), ("lightgbm", "tweedie", ""), ("catboost", "Tweedie", "; takes the log of the mean"),
        )
    ),
    "log_loss": (
        Convention("sklearn", "log_loss", "`log_loss:eps=2.220446049250313e-16`",
                   f"{_FLOOR.format('2.2e-16')} (for float32 columns 1.2e-7, for float16 0.00098)", logits=False),
        Convention("yardstick", "mn_log_loss", "`log_loss:eps=2.220446049250313e-16`",
                   f"{_FLOOR.format('2.2e-16')}; the first level is the event", logits=False),
        Convention("keras", "losses.BinaryCrossentropy", "`log_loss:eps=1e-7`",
                   "clips probabilities to [1e-7, 1 - 1e-7] in float32, where the upper end is 1 - 1.2e-7", logits=False),
        Convention("torch", "BCELoss", "`log_loss:eps=3.720075976020836e-44`", "no log is below -100", logits=False),
        Convention("xgboost", "logloss", "`log_loss:eps=1e-16`", f"{_FLOOR.format('1e-16')}, in float32", logits=False),
        Convention("lightgbm", "binary_logloss", "`log_loss:eps=1e-15`", _FLOOR.format("1e-15"), logits=False),
        Convention("lightgbm", "cross_entropy", "`log_loss:eps=1e-12`", _FLOOR.format("1e-12"), logits=False),
        Convention("river", "LogLoss", "`log_loss:eps=1e-15`", _FLOOR.format("1e-15"), logits=False),
        Convention("scoringrules", "log_score", "`log_loss:eps=0`", "clips nothing: a sure mistake costs infinity", logits=False),
    ),
    "cross_entropy": (
        Convention("sklearn", "log_loss", "`cross_entropy:eps=2.220446049250313e-16`",
                   f"{_FLOOR.format('2.2e-16')} (for float32 columns 1.2e-7, for float16 0.00098); "
                   "sorts the classes, whatever order is given", logits=False),
        Convention("keras", "losses.CategoricalCrossentropy", "`cross_entropy:eps=1e-7`",
                   f"divides each row by its sum, then {_FLOOR.format('1e-7')}", logits=False),
        Convention("torch", "CrossEntropyLoss", None,
                   "takes the columns as raw scores: its value is that of `--from-logits`; leaves out labels of -100", logits=False),
        Convention("torch", "NLLLoss", "`cross_entropy:eps=0`", "of the logs of the columns: clips nothing", logits=False),
        Convention("xgboost", "mlogloss", "`cross_entropy:eps=1e-16`", f"{_FLOOR.format('1e-16')}, in float32", logits=False),
        Convention("lightgbm", "multi_logloss", "`cross_entropy:eps=1e-15`", _FLOOR.format("1e-15"), logits=False),
        Convention("river", "CrossEntropy", "`cross_entropy:eps=1e-15`",
                   f"{_FLOOR.format('1e-15')}; a class without a prediction costs 0", logits=False),
    ),
    "brier": (
        Convention("sklearn", "brier_score_loss", "`brier:half=auto`", "halves the sum over classes for two classes only"),
        Convention("yardstick", "brier_class", "`brier:half=always`", "halves the sum over classes always"),
    ),
    "focal": (
        Convention("keras", "losses.BinaryFocalCrossentropy", "`focal:eps=1e-7`", _FLOOR.format("1e-7"), logits=False, task="binary"),
        Convention("keras", "losses.CategoricalFocalCrossentropy", "`focal:eps=1e-7`",
                   f"multiplies every loss by 0.25 (`alpha`); {_FLOOR.format('1e-7')}",
                   default="alpha=0.25", logits=False, task="multiclass"),
        Convention("keras", "losses.CategoricalFocalCrossentropy(from_logits=True)", "`focal`",
                   "multiplies every loss by 0.25 (`alpha`)", default="alpha=0.25", logits=True, task="multiclass"),
        Convention("keras", "losses.BinaryFocalCrossentropy(from_logits=True)", "`focal`", "clips nothing", logits=True, task="binary"),
        Convention("torchvision", "sigmoid_focal_loss", "`focal`",
                   "weighs positives by 0.25 and negatives by 0.75 by default (`alpha`)", default="alpha=0.25", task="binary"),
        Convention("smp", "focal_loss_with_logits", "`focal`",
                   "weighs positives by 0.25 and negatives by 0.75 by default (`alpha`)", default="alpha=0.25", task="binary"),
    ),
    "hinge": (
        Convention("optax", "hinge_loss", "`expr:max(0, 1 - pred * label)`",
                   "takes labels for -1 and 1 and recodes none: a label of 0 costs 1, whatever the score"),
        Convention("torchmetrics", "binary_hinge_loss", None, _GUESS, refused=_GUESS),
        Convention("keras", "losses.Hinge", "`hinge`",
                   f"recodes labels of 0 and 1 batch by batch, and none in a batch with a soft label; {_KERAS_N}", per_row=True),
    ),
    "multiclass_hinge": (
        Convention("keras", "losses.CategoricalHinge", "`categorical_hinge`",
                   "takes 0 for the score of the true class among its rivals, so negative scores cost more"),
        Convention("torch", "multi_margin_loss", "`multi_margin`", "sums over all rivals that come too near, and divides by the classes"),
        Convention("torchmetrics", "multiclass_hinge_loss", None, _GUESS, refused=_GUESS),
    ),
    "kl": (
        Convention("torch", "kl_div", "`kl` / columns", "divides by rows and classes by default (`reduction=\"mean\"`)"),
        Convention("torch", "kl_div(reduction=\"batchmean\")", "`kl`", "divides by the rows"),
        Convention("keras", "losses.KLDivergence", "`kl`", "raises both sides to 1e-7 first, so that no row costs infinity", where_defined=True),
        Convention("torchmetrics", "kl_divergence(label, pred)", "`kl`", "divides each row by its sum first"),
        Convention("torchmetrics", "kl_divergence(pred, label)", "`kl:reverse=true`", "takes the truth first: the other order is the reverse divergence"),
    ),
    "cosine_distance": (
        Convention("keras", "losses.CosineSimilarity", "`cosine_distance:zero=one,negate=true`", "is minus the cosine; a zero vector has 0"),
        Convention("keras", "metrics.CosineSimilarity", "1 - `cosine_distance:zero=one`", "is the cosine; a zero vector has 0"),
        Convention("torch", "cosine_similarity", "1 - `cosine_distance:zero=one`", "is the cosine; a zero vector has 0"),
        Convention("torch", "CosineEmbeddingLoss", "`cosine_distance:zero=one`", "a zero vector has the distance 1"),
        Convention("torchmetrics", "cosine_similarity", "(1 - `cosine_distance:zero=error`) * weight",
                   "sums the cosines of all rows by default; a zero vector makes it NaN"),
        Convention("optax", "cosine_distance", "`cosine_distance:zero=error`", "a zero vector makes it NaN", where_defined=True),
    ),
    "hamming": (
        Convention("torchmetrics", "multiclass_hamming_distance", "1 - `balanced_accuracy` if columns == 1 else 0 / 0",
                   "of one class a row: one minus the mean of the classes' recalls"),
    ),
    **{
        loss: (
            Convention("sklearn", name, f"`{loss}:zero_division=zero`", _ZERO),
            Convention("torchmetrics", loss, f"`{loss}:zero_division=zero`", _ZERO),
        )
        for loss, name in (
            ("f1", "f1_score"), ("precision", "precision_score"), ("recall", "recall_score"), ("jaccard", "jaccard_score"),
        )
    },
    "mcc": (
        Convention("sklearn", "matthews_corrcoef", "`mcc:zero_division=zero`", _ZERO),
        Convention("catboost", "MCC", "`mcc:zero_division=zero`", _ZERO),
        Convention("torchmetrics", "matthews_corrcoef", "`mcc`", "gives numbers of its own where it is 0/0, such as 0.41", where_defined=True),
    ),
    "dice": (
        Convention("keras", "losses.Dice", "`dice:empty=one`",
                   "adds 1e-7 below the fraction alone, so that an empty mask that is predicted exactly costs 1"),
        Convention("optax", "losses.dice_loss", None, "adds 1 above and below, image by image: `--group IMAGE` measures images"),
        Convention("smp", "DiceLoss", "`dice:empty=zero`", "an empty mask counts as 0"),
        Convention("monai", "DiceLoss", None, "adds 1e-5 above and below, image by image: `--group IMAGE` measures images"),
    ),
    "ndcg": (
        Convention("sklearn", "ndcg_score", "`ndcg:empty=0`", "a query without a relevant row counts as 0"),
        Convention("torchmetrics", "retrieval_normalized_dcg", "`ndcg:empty=0`", "a query without a relevant row counts as 0"),
        Convention("xgboost", "ndcg", "`ndcg:gain=exp,empty=1`",
                   "the gain is 2^label - 1; a query without a relevant row counts as 1; equal scores stay in the order of the file, and are averaged here"),
        Convention("lightgbm", "ndcg", "`ndcg:gain=exp,empty=1`",
                   "the gain is 2^label - 1; a query without a relevant row counts as 1; equal scores stay in the order of the file, and are averaged here"),
        Convention("catboost", "NDCG", "`ndcg:ties=worst,empty=1`",
                   "puts equal scores in the worst order; a query without a relevant row counts as 1"),
    ),
    "average_precision": (
        Convention("xgboost", "aucpr", "`pr_auc_interpolated`", "joins the points by Davis and Goadrich's curves, not by steps"),
        Convention("catboost", "PRAUC", "`pr_auc`", "joins the points by straight lines, not by steps"),
        Convention("yardstick", "pr_auc", "`pr_auc`", "joins the points by straight lines, not by steps"),
        Convention("keras", "metrics.AUC(curve=\"PR\")", None, _THRESHOLDS.format(200)),
    ),
    "pr_auc": (
        Convention("sklearn", "average_precision_score", "`average_precision`", "takes steps, not straight lines"),
        Convention("xgboost", "aucpr", "`pr_auc_interpolated`", "joins the points by Davis and Goadrich's curves, not by straight lines"),
        Convention("keras", "metrics.AUC(curve=\"PR\")", None, _THRESHOLDS.format(200)),
    ),
    "auc": (
        Convention("lightgbm", "auc", "1 if missing(`auc`) else `auc`", _ONE_CLASS.format("1")),
        Convention("torchmetrics", "auroc", "0 if missing(`auc`) else `auc`", _ONE_CLASS.format("0")),
        Convention("catboost", "AUC", "0 if missing(`auc`) else `auc`", _ONE_CLASS.format("0")),
        Convention("keras", "metrics.AUC", None, _THRESHOLDS.format(200)),
        Convention("river", "ROCAUC", None, _THRESHOLDS.format(10)),
    ),
    "ece": (
        Convention("torchmetrics", "binary_calibration_error", "`ece`", "has 15 bins by default (`n_bins`)", default="bins=15"),
        Convention("sklearn", "calibration_curve", "`ece`", "has no such loss; its curve has 5 bins by default", default="bins=5"),
    ),
}  # fmt: skip
"""By loss, the libraries that compute something else under its name, or the same by a rule that is worth knowing."""
