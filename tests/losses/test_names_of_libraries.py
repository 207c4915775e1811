"""Names that other libraries give to losses are aliases of the same quantity, or the error says what they are.

In a table a line is a loss and the library's names for it.  A loss that is not in the catalogue yet is offered no
other: its line holds as soon as it is there.  The lists are from the libraries themselves: scikit-learn 1.9.1
(`get_scorer_names` and `metrics.__all__`), XGBoost 3.2, LightGBM 4.7, CatBoost 1.2.10, Keras 3.15, PyTorch 2.13,
TorchMetrics 1.9, yardstick 1.3, utilsforecast 0.2.17, statsmodels 0.15, fairlearn 0.15, and the pages of Kaggle's competitions.
"""

from __future__ import annotations

import pytest

from losscli.errors import UsageError
from losscli.loss.spec import parse_loss
from losscli.losses.families import catalogue, find
from losscli.measure.loss_request import LossRequest

ALIASES = {
    "scikit-learn": """
        accuracy: accuracy accuracy_score
        balanced_accuracy: balanced_accuracy balanced_accuracy_score
        top_k_accuracy: top_k_accuracy top_k_accuracy_score
        average_precision: average_precision average_precision_score
        auc: roc_auc roc_auc_score auc
        auc_ovo: roc_auc_ovo
        brier: brier_score_loss brier_score
        d2_brier: d2_brier_score
        d2_log_loss: d2_log_loss_score
        d2_absolute_error: d2_absolute_error_score
        d2_pinball: d2_pinball_score
        d2_tweedie: d2_tweedie_score
        f1: f1 f1_score
        fbeta: fbeta_score
        precision: precision precision_score
        recall: recall recall_score
        jaccard: jaccard jaccard_score
        samples_f1: f1_samples
        samples_jaccard: jaccard_samples
        samples_precision: precision_samples
        samples_recall: recall_samples
        mcc: matthews_corrcoef
        kappa: cohen_kappa_score
        lr_plus: positive_likelihood_ratio
        lr_minus: negative_likelihood_ratio
        hamming: hamming_loss
        hinge: hinge_loss
        log_loss: log_loss
        zero_one: zero_one_loss
        coverage_error: coverage_error
        lrap: label_ranking_average_precision_score
        ranking_loss: label_ranking_loss
        ndcg: ndcg_score
        dcg: dcg_score
        explained_variance: explained_variance explained_variance_score
        max_error: max_error
        mae: mean_absolute_error
        mse: mean_squared_error
        rmse: root_mean_squared_error
        msle: mean_squared_log_error
        rmsle: root_mean_squared_log_error
        medae: median_absolute_error
        r2: r2 r2_score
        mape: mean_absolute_percentage_error
        poisson_deviance: mean_poisson_deviance
        gamma_deviance: mean_gamma_deviance
        tweedie_deviance: mean_tweedie_deviance
        pinball: mean_pinball_loss
        rand: rand_score
        adjusted_rand: adjusted_rand_score
        mutual_info: mutual_info_score
        adjusted_mutual_info: adjusted_mutual_info_score
        normalized_mutual_info: normalized_mutual_info_score
        fowlkes_mallows: fowlkes_mallows_score
        homogeneity: homogeneity_score
        completeness: completeness_score
        v_measure: v_measure_score
        confusion_matrix: confusion_matrix multilabel_confusion_matrix
        """,
    "XGBoost": """
        rmse: rmse
        rmsle: rmsle
        mae: mae
        mape: mape
        pseudo_huber: mphe
        log_loss: logloss
        zero_one: error error@0.7 merror
        cross_entropy: mlogloss
        auc: auc
        pr_auc_interpolated: aucpr
        ndcg: ndcg ndcg@10
        map: map map@10
        precision_at_k: pre@5
        poisson_nll: poisson-nloglik
        gamma_nll: gamma-nloglik
        gamma_deviance: gamma-deviance
        tweedie_nll: tweedie-nloglik tweedie-nloglik@1.5
        cox_nll: cox-nloglik
        aft_nll: aft-nloglik
        interval_accuracy: interval-regression-accuracy
        expectile: expectile
        """,
    "LightGBM": """
        mae: l1 mean_absolute_error mae regression_l1
        mse: mean_squared_error mse regression_l2
        rmse: rmse root_mean_squared_error l2_root
        mape: mape mean_absolute_percentage_error
        huber: huber
        fair: fair
        gamma_deviance: gamma_deviance
        ndcg: ndcg ndcg@5
        map: map mean_average_precision map@5
        auc: auc
        average_precision: average_precision
        r2: r2
        log_loss: binary_logloss xentropy
        zero_one: binary_error multi_error
        top_k_error: multi_error@5
        auc_mu: auc_mu
        cross_entropy: cross_entropy
        cross_entropy_lambda: cross_entropy_lambda xentlambda
        """,
    "CatBoost": """
        log_loss: Logloss
        precision: Precision
        recall: Recall
        fbeta: F@2
        f1: F1
        balanced_accuracy: BalancedAccuracy
        balanced_error: BalancedErrorRate
        mcc: MCC
        accuracy: Accuracy
        auc: AUC
        pair_accuracy: QueryAUC PairAccuracy
        pr_auc: PRAUC
        gini: NormalizedGini
        brier: BrierScore
        hinge: HingeLoss
        hamming: HammingLoss
        zero_one: ZeroOneLoss
        kappa: Kappa
        cross_entropy: MultiClass CrossEntropy
        ova_log_loss: MultiClassOneVsAll
        multilabel_log_loss: MultiCrossEntropy
        mae: MAE
        mape: MAPE
        mean_pinball: MultiQuantile
        rmse: RMSE
        lq: Lq Lq@3
        huber: Huber
        expectile: Expectile
        log_cosh: LogCosh
        fair: FairLoss
        within_tol: NumErrors NumErrors@2
        smape: SMAPE
        r2: R2
        msle: MSLE
        medae: MedianAbsoluteError
        cox_nll: Cox
        aft_nll: SurvivalAft
        pair_logit: PairLogit PairLogitPairwise
        query_rmse: QueryRMSE
        listnet: QuerySoftMax
        ndcg: NDCG
        dcg: DCG
        map: MAP
        mrr: MRR
        err: ERR
        precision_at_k: PrecisionAt
        recall_at_k: RecallAt
        focal: Focal
        """,
    "Keras": """
        accuracy: Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy
        top_k_accuracy: TopKCategoricalAccuracy SparseTopKCategoricalAccuracy
        log_loss: BinaryCrossentropy
        focal: BinaryFocalCrossentropy CategoricalFocalCrossentropy
        cross_entropy: CategoricalCrossentropy SparseCategoricalCrossentropy
        gce: CategoricalGeneralizedCrossEntropy
        categorical_hinge: CategoricalHinge
        hinge: Hinge
        squared_hinge: SquaredHinge
        mae: MeanAbsoluteError
        mape: MeanAbsolutePercentageError
        mse: MeanSquaredError
        msle: MeanSquaredLogarithmicError
        rmse: RootMeanSquaredError
        log_cosh: LogCosh LogCoshError
        huber: Huber
        kl: KLDivergence
        dice: Dice
        tversky: Tversky
        jaccard: IoU BinaryIoU
        auc: AUC
        precision: Precision
        recall: Recall
        f1: F1Score
        fbeta: FBetaScore
        r2: R2Score
        pearson: PearsonCorrelation
        ccc: ConcordanceCorrelation
        """,
    "PyTorch": """
        mae: L1Loss
        mse: MSELoss
        cross_entropy: CrossEntropyLoss
        nll: NLLLoss
        poisson_nll: PoissonNLLLoss
        gaussian_nll: GaussianNLLLoss
        kl: KLDivLoss
        log_loss: BCELoss BCEWithLogitsLoss
        margin_ranking: MarginRankingLoss
        hinge_embedding: HingeEmbeddingLoss
        multilabel_margin: MultiLabelMarginLoss
        huber: HuberLoss
        smooth_l1: SmoothL1Loss
        soft_margin: SoftMarginLoss
        multilabel_log_loss: MultiLabelSoftMarginLoss
        cosine_embedding: CosineEmbeddingLoss
        multi_margin: MultiMarginLoss
        triplet: TripletMarginLoss
        """,
    "TorchMetrics": """
        ccc: concordance_corrcoef
        jaccard: critical_success_index jaccard_index
        explained_variance: explained_variance
        js: jensen_shannon_divergence
        kendall: kendall_rank_corrcoef
        kl: kl_divergence
        log_cosh: log_cosh_error
        mae: mean_absolute_error
        mape: mean_absolute_percentage_error
        mse: mean_squared_error
        msle: mean_squared_log_error
        minkowski: minkowski_distance
        nrmse: normalized_root_mean_squared_error
        pearson: pearson_corrcoef
        r2: r2_score
        rse: relative_squared_error
        spearman: spearman_corrcoef
        smape: symmetric_mean_absolute_percentage_error
        tweedie_deviance: tweedie_deviance_score
        wape: weighted_mean_absolute_percentage_error
        accuracy: accuracy
        auc: auroc
        average_precision: average_precision
        ece: calibration_error
        kappa: cohen_kappa
        confusion_matrix: confusion_matrix
        eer: eer
        exact_match: exact_match
        f1: f1_score dice_score
        fbeta: fbeta_score
        hamming: hamming_distance
        hinge: hinge_loss
        mcc: matthews_corrcoef
        npv: negative_predictive_value
        precision: precision
        recall: recall
        specificity: specificity
        coverage_error: multilabel_coverage_error
        lrap: multilabel_ranking_average_precision
        ranking_loss: multilabel_ranking_loss
        pair_accuracy: retrieval_auroc
        map: retrieval_map
        fall_out_at_k: retrieval_fall_out
        hit: retrieval_hit_rate
        ndcg: retrieval_normalized_dcg
        precision_at_k: retrieval_precision
        r_precision: retrieval_r_precision
        recall_at_k: retrieval_recall
        mrr: retrieval_reciprocal_rank
        adjusted_mutual_info: adjusted_mutual_info_score
        adjusted_rand: adjusted_rand_score
        completeness: completeness_score
        fowlkes_mallows: fowlkes_mallows_index
        homogeneity: homogeneity_score
        mutual_info: mutual_info_score
        normalized_mutual_info: normalized_mutual_info_score
        rand: rand_score
        v_measure: v_measure_score
        cer: char_error_rate
        edit_distance: edit_distance
        mer: match_error_rate
        perplexity: perplexity
        wer: word_error_rate
        wil: word_information_lost
        wip: word_information_preserved
        psnr: peak_signal_noise_ratio
        demographic_parity: demographic_parity
        equal_opportunity: equal_opportunity
        """,
    "yardstick": """
        accuracy: accuracy
        average_precision: average_precision
        balanced_accuracy: bal_accuracy
        brier: brier_class
        ccc: ccc
        cost: classification_cost
        concordance: concordance_survival
        demographic_parity: demographic_parity
        equal_opportunity: equal_opportunity
        equalised_odds: equalized_odds
        f1: f_meas
        fall_out: fall_out FallOut
        huber: huber_loss
        pseudo_huber: huber_loss_pseudo
        iic: iic
        informedness: j_index
        kappa: kap
        mae: mae
        markedness: markedness
        mape: mape
        mase: mase
        mcc: mcc
        miss_rate: miss_rate
        cross_entropy: mn_log_loss
        mpe: mpe
        mse: mse
        npv: npv
        poisson_nll: poisson_log_loss
        precision: precision ppv
        pr_auc: pr_auc
        rps: ranked_prob_score
        recall: recall sens sensitivity
        rmse: rmse
        auc: roc_auc
        rpd: rpd
        rpiq: rpiq
        rsq: rsq
        r2: rsq_trad
        sedi: sedi
        smape: smape
        specificity: spec specificity
        wis: weighted_interval_score
        """,
    "utilsforecast": """
        bias: bias
        cfe: cfe
        coverage: coverage
        linex: linex
        mae: mae
        mape: mape
        mase: mase
        mean_pinball: mqloss
        mse: mse
        msse: msse
        wape: nd wape
        pis: pis
        pinball: quantile_loss
        rmae: rmae
        rmse: rmse
        rmsse: rmsse
        scaled_pinball: scaled_quantile_loss scaled_mqloss
        smape: smape
        tweedie_deviance: tweedie_deviance
        interval_score: winkler_score
        """,
    "scoringrules": """
        brier: brier_score
        crps_beta: crps_beta
        crps_binomial: crps_binomial
        crps_ensemble: crps_ensemble
        crps_exponential: crps_exponential
        crps_gamma: crps_gamma
        crps_laplace: crps_laplace
        crps_logistic: crps_logistic
        crps_lognormal: crps_lognormal
        crps_negative_binomial: crps_negbinom
        crps_normal: crps_normal
        crps_poisson: crps_poisson
        crps_quantile: crps_quantile
        crps_t: crps_t
        crps_uniform: crps_uniform
        dss: dssuv_ensemble
        energy_score: es_ensemble
        error_spread: error_spread_score
        interval_score: interval_score
        kernel_score: gksuv_ensemble
        logs_beta: logs_beta
        logs_binomial: logs_binomial
        logs_ensemble: logs_ensemble
        logs_exponential: logs_exponential
        logs_gamma: logs_gamma
        logs_laplace: logs_laplace
        logs_logistic: logs_logistic
        logs_mixture: logs_mixnorm
        logs_lognormal: logs_lognormal
        logs_negative_binomial: logs_negbinom
        logs_normal: logs_normal
        logs_poisson: logs_poisson
        logs_t: logs_t
        logs_uniform: logs_uniform
        pinball: quantile_score
        tw_crps: twcrps_ensemble
        variogram_score: vs_ensemble
        wis: weighted_interval_score
        """,
    "properscoring": """
        crps_ensemble: crps_ensemble
        crps_normal: crps_gaussian
        threshold_brier: threshold_brier_score
        """,
    "statsmodels": """
        mse: mse
        rmse: rmse
        rmspe: rmspe
        max_error: maxabs
        mae: meanabs
        medae: medianabs
        bias: bias
        median_bias: medianbias
        error_std: stde
        """,
    "fairlearn": """
        demographic_parity: demographic_parity_difference
        equal_opportunity: equal_opportunity_difference
        equalised_odds: equalized_odds_difference
        """,
    "Kaggle": """
        auc: Area_Under_Receiver_Operating_Characteristic_Curve AreaUnderROC
        accuracy: Categorization_Accuracy
        cross_entropy: Multiclass_Loss MulticlassLoss
        log_loss: Log_Loss
        rmse: Root_Mean_Squared_Error
        rmsle: Root_Mean_Squared_Logarithmic_Error
        rmspe: Root_Mean_Square_Percentage_Error
        mae: Mean_Absolute_Error
        wape: Weighted_Mean_Absolute_Percentage_Error
        gini_reg: Normalized_Gini_Index Normalized_Gini_Coefficient
        mcc: Matthews_Correlation_Coefficient
        map: MAP@12
        ndcg: NDCG@5 Normalized_Discounted_Cumulative_Gain
        spearman: Spearmans_Rank_Correlation
        hamming: Hamming_Loss
        smape: SMAPE
        edit_distance: Levenshtein_Distance
        """,
    "the field": """
        jaccard: iou intersection_over_union
        top_k_accuracy: acc@5 accuracy@1 top_k_accuracy@3
        recall_at_k: recall@5
        precision_at_k: precision@5
        hit: hit@10
        ndcg: ndcg@10
        mrr: mrr@10
        pinball: quantile@0.9 pinball@0.9
        wer: wer word_error_rate
        """,
}

OTHERWISE = {
    "means several things": "crps continuous_ranked_probability_score",
    "means two things": "l2 l2_loss poisson PoissonLoss gamma GammaLoss tweedie quantile multi_logloss MultiLogloss kullback_leibler",
    "with its sign changed": "neg_mean_squared_error neg_brier_score neg_max_error neg_root_mean_squared_log_error "
    "neg_negative_likelihood_ratio neg_log_loss neg_mean_absolute_percentage_error",
    "write `--loss ": "f1_macro f1_micro f1_weighted precision_macro recall_weighted jaccard_micro micro_f1 weighted_f1 "
    "MacroF1 MultiRMSE TotalF1 WKappa rmse_relative msd QuadraticWeightedKappa MCRMSE MeanIoU mean_iou OneHotMeanIoU "
    "MeanF1Score mean_columnwise_root_mean_squared_error mean_columnwise_log_loss roc_auc_ovr roc_auc_ovr_weighted "
    "auc_ovr AUNU AUNP roc_aunu roc_aunp trimmed_mae winsorised_mse winsorized_log_loss",
    "is left out": "YetiRank YetiRankPairwise StochasticFilter StochasticRank LogLinQuantile CtrFactor Circle CTC CTCLoss "
    "silhouette_score davies_bouldin_score calinski_harabasz_score dunn_index roc_curve precision_recall_curve det_curve "
    "classification_report lift_curve gain_curve cosine_similarity CosineSimilarity generalized_dice_score "
    "hausdorff_distance bleu_score rouge_score sacre_bleu_score chrf_score translation_edit_rate "
    "extended_edit_distance bert_score infolm squad TruePositives FalsePositives TrueNegatives FalseNegatives "
    "detection_prevalence ams ssim spis structural_similarity_index_measure lpips pesq si_sdr stat_scores "
    "RMSEWithUncertainty giou panoptic_quality confusion_matrix_at_thresholds",
}  # fmt: skip
"""Names that stand for no loss as it is, by what the error says of them."""

LINES = [
    (library, name, loss)
    for library, table in ALIASES.items()
    for line in table.strip().splitlines()
    for loss, names in [line.strip().split(": ")]
    for name in names.split()
]


def refused(name):
    """The words of the error for a name."""
    with pytest.raises(UsageError) as caught:
        find(name)
    return f"{caught.value.message}; {caught.value.hint}"


@pytest.mark.parametrize(("library", "name", "loss"), LINES)
def test_a_library_s_name_is_an_alias_of_the_same_quantity(library, name, loss):
    spec = parse_loss(name)
    if loss in catalogue():
        assert find(spec.name, spec.at)[0].name == loss
    else:
        with pytest.raises(UsageError) as caught:
            LossRequest.of(name)
        assert "did you mean" not in str(caught.value.hint)


@pytest.mark.parametrize(
    "said, name", [(said, one) for said, names in OTHERWISE.items() for one in names.split()]
)
def test_a_library_s_name_for_no_loss_as_it_is_says_what_it_is(said, name):
    assert said in refused(name)
