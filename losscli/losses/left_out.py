"""Losses that the field has and losscli leaves out, and why: `losscli losses NAME` says it.

Each is no number of a file's rows, or is kept better elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from losscli.loss.spec import fold


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The names of what is left out, why, and what does instead."""

    names: tuple[str, ...]
    why: str
    instead: str

    def said(self, name: str) -> str:
        """The reason for the name that the call gives."""
        return f"`{name}` is left out: {self.why}"


LEFT_OUT = (
    LeftOut(
        ("msmape", "stabilised_smape", "stabilized_smape"),
        "its denominator is a running mean over the series so far, so that a row's loss depends on the order "
        "of the rows",
        "`smape` has no such memory; `mase` and `rmsse` put errors in proportion to a scale of the series",
    ),
    LeftOut(
        ("squared_distr", "squared_distr_loss"),
        "it needs the integral of a law's squared density: another loss for each law, in the unit of a density, "
        "of which columns of ensembles hold none",
        "laws are scored by `crps_normal`, `logs_normal` and their like, an ensemble by `kernel_score`",
    ),
    LeftOut(
        ("log_lin_quantile",),
        "it is `pinball` of predictions that stand for logarithms: a link of the model, not another loss",
        "write exp(prediction) to the file and measure `pinball:quantile=Q`",
    ),
    LeftOut(
        ("fenchel_young", "make_fenchel_young_loss"),
        "it makes a loss from a function that the caller writes: an interface of a library, which columns "
        "of a file cannot give",
        "of its members `cross_entropy`, `mse` and `perceptron` are here by their own names",
    ),
    LeftOut(
        ("ntxent", "circle", "circle_loss", "info_nce", "supcon", "contrastive_in_batch"),
        "it compares every pair of a training batch, so that its value depends on where the batches are cut",
        "for pairs that stand in the file: `cosine_embedding`, `hinge_embedding`, `margin_ranking`",
    ),
    LeftOut(
        ("yetirank", "yetirank_pairwise", "stochasticrank", "stochasticfilter", "lambdarank", "lambdamart"),
        "it is a surrogate that steers training, in part by chance, and is not reported as a value",
        "for pairs in their right order: `pair_logit`, `margin_ranking`; what the ranking is worth: `ndcg`",
    ),
    LeftOut(
        ("query_rmse",),
        "within a query it is `error_std`, the root of the mean squared error once the mean error is taken off; "
        "CatBoost pools the rows of all queries",
        "`error_std`, of which --group gives the mean over queries",
    ),
    LeftOut(
        ("ctc", "ctc_loss"),
        "it needs a table of steps by symbols in every row, and libraries disagree on what its mean is "
        "(PyTorch divides each row by the length of its target)",
        "the library that decodes has it: `torch.nn.CTCLoss`, with `reduction='none'`; its column is then measured by `expr:`",
    ),
    LeftOut(
        ("bleu", "sacrebleu", "chrf", "rouge", "ter", "squad", "meteor", "bleu_score", "sacre_bleu_score", "chrf_score",
         "rouge_score", "translation_edit_rate", "extended_edit_distance", "bert_score", "infolm"),
        "its value hangs on how text is cut into words, which a tool of its own must settle",
        "use `sacrebleu` (BLEU, chrF, TER), `rouge-score` or the `evaluate` of SQuAD",
    ),
    LeftOut(
        ("calibration_ratio", "ctr_factor", "observed_expected_ratio"),
        "its best value is 1, so that neither more nor less of it is better and no gate can bound it",
        "`calibration_excess` is the same ratio less 1, of which 0 is best",
    ),
    LeftOut(
        ("roc_curve", "precision_recall_curve", "pr_curve", "det_curve", "gain_curve", "lift_curve", "classification_report",
         "stat_scores", "confusion_matrix_at_thresholds"),
        "it is a curve or a table of several measures, and no number",
        "numbers at one threshold: `precision`, `recall`, `fall_out`",
    ),
    LeftOut(
        ("true_positives", "false_positives", "true_negatives", "false_negatives", "detection_prevalence"),
        "neither more nor less of it is better, so that no gate can bound it",
        "the shares that are better or worse: `recall`, `fall_out`, `specificity`, `miss_rate`",
    ),
    LeftOut(
        ("cosine_similarity",),
        "it is 1 less the loss `cosine_distance`, and libraries disagree on its sign",
        "measure `cosine_distance`; Keras's negated form is `cosine_distance:negate=true`",
    ),
    LeftOut(
        ("generalized_dice_score", "generalised_dice_score"),
        "it is 1 less the loss `generalised_dice`",
        "measure `generalised_dice`",
    ),
    LeftOut(
        ("silhouette", "silhouette_score", "davies_bouldin", "davies_bouldin_score", "calinski_harabasz",
         "calinski_harabasz_score", "dunn_index"),
        "it judges groups by the distances between all points, which needs the coordinates and no label",
        "groups are compared with known classes by `adjusted_rand`, `v_measure`, `adjusted_mutual_info`",
    ),
    LeftOut(
        ("ssim", "structural_similarity", "structural_similarity_index_measure", "ms_ssim", "lpips", "fid",
         "frechet_inception_distance", "si_sdr", "si_snr", "sdr", "pesq", "stoi"),
        "it compares images or sounds by the neighbourhood of each point, which rows do not hold",
        "point by point: `mse`, `psnr`, `mae`",
    ),
    LeftOut(
        ("giou", "diou", "ciou", "panoptic_quality"),
        "it pairs boxes or outlines in images, which labels and predictions row by row do not hold",
        "pixels with a class each are measured by `jaccard`, `dice`, `tversky`",
    ),
    LeftOut(
        ("ams", "approximate_median_significance"),
        "it was made for one search for a particle, and hangs on the sum of the weights",
        "expected gains and costs are measured by `cost:matrix=FILE`",
    ),
    LeftOut(
        ("spis", "scaled_periods_in_stock"),
        "it is `pis` of a series over the mean of its training part, a scale that only utilsforecast has",
        "`pis` is the sum itself; `mase:train=FILE` and `wape` put errors in proportion",
    ),
    LeftOut(
        ("vare", "error_variance"),
        "it is the square of `error_std`",
        "measure `error_std`, which is in the unit of the label",
    ),
    LeftOut(
        ("relative_loss",),
        "it is 1 less `skill`: the loss as a share of the baseline's",
        "measure `skill`; of absolute errors `rmae` is the share itself",
    ),
    LeftOut(
        ("rmse_with_uncertainty",),
        "it is `gaussian_nll:full=true` of a predicted log of the standard deviation: a link of the model",
        "write exp(2 * prediction) to the file as the variance and measure `gaussian_nll:full=true`",
    ),
    LeftOut(
        ("hausdorff", "hausdorff_distance", "hausdorff_loss"),
        "it is a distance between outlines and needs the coordinates of every point, which labels and "
        "predictions row by row do not hold",
        "overlap is measured by `dice`, `jaccard_loss` and `tversky`",
    ),
)  # fmt: skip


def left_out(name: str) -> LeftOut | None:
    """What is left out under this name."""
    wanted = fold(name)
    return next((one for one in LEFT_OUT if wanted in map(fold, one.names)), None)
