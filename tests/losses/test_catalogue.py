"""The catalogue has every loss that the field needs, by the name that the field gives it."""

from __future__ import annotations

import json
import re

import pytest

from losscli.errors import UsageError
from losscli.loss.spec import fold, parse_loss
from losscli.losses.families import AMBIGUOUS, catalogue, find

WHAT_THE_FIELD_HAS = """
    mse rmse mae medae max_error bias msle rmsle r2 explained_variance nrmse pearson spearman d2_tweedie skill within_tol
    huber smooth_l1 pseudo_huber log_cosh fair eps_insensitive squared_eps_insensitive linex expectile
    mape mpe mspe rmspe smape wape mase msse rmsse rmae mrae
    pinball mean_pinball wql interval_score wis coverage interval_width crps_ensemble crps_quantile crps_normal
    gaussian_nll poisson_deviance poisson_nll gamma_deviance gamma_nll tweedie_deviance tweedie_nll
    log_loss weighted_log_loss brier d2_log_loss d2_brier focal zero_one cost balanced_error
    accuracy precision recall specificity npv miss_rate fall_out f1 fbeta jaccard mcc kappa informedness markedness
    g_mean lr_plus lr_minus prevalence sedi auc gini average_precision ece mce rmsce
    cross_entropy nll rps kl js top_k_error multiclass_hinge multi_margin ordinal_mae exact_match balanced_accuracy
    hamming subset_zero_one multilabel_log_loss coverage_error ranking_loss lrap hinge squared_hinge soft_margin
    cosine_distance ndcg dcg map mrr hit precision_at_k recall_at_k r_precision fall_out_at_k dice tversky
    rand adjusted_rand mutual_info normalized_mutual_info adjusted_mutual_info homogeneity completeness v_measure
    fowlkes_mallows
"""
"""What most libraries have."""

WHAT_FEW_LIBRARIES_HAVE = """
    half_mse quantile_ae error_std lq adj_r2 rse rrse rsq ccc kendall d2_pinball d2_absolute_error gini_reg
    charbonnier cauchy geman_mcclure welsch tukey barron asymmetric trimmed winsorised
    mdape maape log_ratio gmae gmse gmrae gmrse theil_u1 theil_u2 owa
    scaled_pinball msis calib_mae crossing_rate crps_logistic crps_laplace crps_t crps_lognormal crps_gamma crps_poisson
    crps_beta crps_binomial crps_negative_binomial variogram_score kernel_score logs_ensemble
    energy_score dss logs_normal logs_t logs_laplace logs_logistic logs_lognormal logs_gamma logs_beta logs_poisson
    logs_negative_binomial logs_binomial logs_exponential logs_uniform logs_mixture threshold_brier pit bregman
    kl_binary brier_decomp exponential_loss demographic_parity equal_opportunity equalised_odds
    log_auc partial_auc eer ks lift precision_at_recall recall_at_precision sensitivity_at_specificity
    specificity_at_sensitivity roc_distance pr_auc
    ova_log_loss gce poly1 hellinger tv emd perceptron auc_ovo auc_mu top_label_ece classwise_ece
    hamming_count multilabel_margin one_error samples_f1 samples_jaccard
    modified_huber hinge_embedding margin_ranking pair_logit cosine_embedding euclidean manhattan pair_accuracy listnet
    perplexity wer cer mer generalised_dice focal_tversky concordance aft_nll interval_accuracy
    purity variation_of_information distortion psnr
"""
"""What goes beyond any one library."""

WANTED = f"{WHAT_THE_FIELD_HAS} {WHAT_FEW_LIBRARIES_HAVE}".split()

SPELLINGS = {
    "ndcg@10": "ndcg", "dcg@10": "dcg", "map@10": "map", "hit@10": "hit", "precision@5": "precision_at_k",
    "recall@5": "recall_at_k", "query_auc": "pair_accuracy", "sensitivity": "recall", "threat score": "jaccard",
    "Youden J": "informedness", "critical success index": "jaccard", "coefficient of determination": "r2",
}  # fmt: skip
"""Spellings of the field, and the losses that they call."""


@pytest.mark.parametrize("name", WANTED)
def test_what_the_field_has_is_in_the_catalogue_under_its_own_name(name):
    assert name in catalogue()


@pytest.mark.parametrize(("typed", "name"), SPELLINGS.items())
def test_a_spelling_of_the_field_calls_the_loss(typed, name):
    spec = parse_loss(typed)
    assert find(spec.name, spec.at)[0].name == name


def test_the_list_as_json_is_the_catalogue(here):
    listed = json.loads(here("losses", "--json").out)["losses"]
    forms = [form for group in catalogue().values() for form in group]
    assert sorted(one["name"] for one in listed) == sorted(form.name for form in forms)
    assert len({one["name"] for one in listed}) >= 240
    assert set(WANTED) <= {one["name"] for one in listed}


def test_no_name_calls_two_losses():
    owners: dict[str, set[str]] = {}
    for own, forms in catalogue().items():
        for name in (own, *(alias for form in forms for alias in form.aliases)):
            owners.setdefault(fold(name), set()).add(own)
    shared = {name: own for name, own in owners.items() if len(own) > 1}
    assert shared == {}
    assert not owners.keys() & set(map(fold, AMBIGUOUS))


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_name_of_several_losses_lists_losses_that_there_are(name):
    with pytest.raises(UsageError) as caught:
        find(name)
    assert set(re.findall(r"`(\w+)`", caught.value.message)) - {name} <= catalogue().keys()
