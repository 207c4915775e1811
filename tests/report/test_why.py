"""`losscli why` reports what each library reports: the numbers were got by running the libraries on the same rows."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest
import sklearn.metrics

from losscli.advise.conventions import CONVENTIONS
from losscli.advise.libraries import HAVING, LIBRARIES
from losscli.advise.reported import SPEC, default_params
from losscli.errors import DataError
from losscli.loss.spec import parse_loss
from losscli.losses.families import catalogue, find
from losscli.measure.loss_request import LossRequest
from losscli.report.why import Explanation, WhyOptions, explained

INFINITE = None  # JSON has no infinity: the note says it

# By file and call: the value of losscli, and of libraries by name.
RAN = {
    ("pred,label\n1,0\n90,100\n", "mape"): (None, {
        "mean_absolute_percentage_error": [2251799813685248.0, 427350.4773504273], "losses.MeanAbsolutePercentageError": 5.00000005e8,
        "mape": [INFINITE, 0.55, INFINITE, 0.1], "MAPE": [0.55, 5.0, INFINITE],
    }),
    ("pred,label\n90,100\n", "smape"): (0.10526315789473684, {"SMAPE": [10.526315789473685] * 2, "smape": [0.05263157894736842, 10.526315789473685]}),
    ("pred,label\n1,0\n90,100\n", "rmspe:zero=skip"): (0.1, {"rmspe": 1.0}),
    ("pred,label\n3,0\n", "huber:delta=2"): (4.0, {"huber": 4.0, "mphe": 3.2111025509279782}),
    ("pred,label\n3,0\n", "huber"): (2.5, {"huber": 0.9 * (3 - 0.45), "optim.losses.Huber": 0.1 * (3 - 0.05)}),
    ("pred,label\n-0.5,1\n", "msle"): (1.9218120556728056, {"losses.MeanSquaredLogarithmicError": 0.4804528752887823}),
    ("pred,label\n-2,1\n", "msle"): (None, {"losses.MeanSquaredLogarithmicError": 0.4804528752887823}),
    ("pred,label\n2,3\n", "poisson_nll"): (-0.07944154167983593, {
        "poisson_nll_loss": 1.3890560989306495, "poisson_nll_loss(log_input=False, full=True)": 1.684639986863221,
        "poisson-nloglik": 1.7123179275482178, "Poisson": 1.3890560989306495, "mean_poisson_deviance": 0.4327906486489863,
    }),
    ("pred,label\n0,1\n", "poisson_nll"): (None, {
        "poisson_nll_loss(log_input=False)": 18.420680743952367, "losses.Poisson": 16.11809565095832,
        "poisson": 23.025850929940457, "poisson-nloglik": 36.84136148790473, "mean_poisson_deviance": None,
    }),
    ("pred,label\n2,3\n", "tweedie_deviance:power=1.5"): (0.2857291631799321, {"tweedie-nloglik": 7.0710678118654755, "Tweedie": 7.0710678118654755}),
    ("pred,label\n2,1\n2,2\n2,3\n2,4\n", "gamma_deviance"): (0.2972674459459178, {"gamma_deviance": 1.1890697827836717}),
    ("pred,label\n90,100\n", "pinball:quantile=0.9"): (9.0, {"QuantileLoss": 18.0, "quantile": 9.0}),
    ("pred,label\n90,100\n", "pinball"): (5.0, {"QuantileLoss": 10.0, "quantile": 9.0}),
    ("pred,label\n0,1\n", "log_loss"): (36.04365338911715, {
        "log_loss": 36.04365338911715, "losses.BinaryCrossentropy": 16.11809565095832, "BCELoss": 100.0, "logloss": 36.841361487904734,
        "binary_logloss": 34.538776394910684, "cross_entropy": 27.631021115928547, "LogLoss": 34.538776394910684, "log_score": INFINITE,
    }),
    ("pred,label\n0.3,0\n0.8,1\n-0.5,1\n", "hinge"): (1.0, {"hinge_loss": 0.9, "losses.Hinge": 1.0, "binary_hinge_loss": None}),
    ("pred,label\n1,2\n1,2\n3,2\n", "r2"): (None, {
        "r2_score": [0.0, 0.0], "metrics.R2Score": 0.0, "r2": 0.0, "R2": [1.0, 0.0],
    }),
    ("pred,label\n2,2\n2,2\n", "r2"): (None, {"r2_score": [1.0, 1.0], "metrics.R2Score": None, "r2": 1.0, "R2": [1.0, 0.0]}),
    ("pred,label\n1e-4,2e-4\n3e-4,1e-4\n", "r2"): (-9.0, {"r2_score": [-9.0, 1.0], "metrics.R2Score": -9.0}),
    ("pred,label\n0,0\n0,0\n", "dice"): (0.0, {"losses.Dice": 1.0, "DiceLoss": [0.0, None]}),
    ("pred,label\n0,0\n0,0\n", "f1"): (None, {"f1_score": 0.0, "f1": 0.0}),
    ("pred,label\n1,1\n1,1\n1,0\n", "mcc"): (None, {"MCC": 0.0, "matthews_corrcoef": [0.0, None]}),
    ("pred,label\n0.1,1\n0.4,1\n", "auc"): (None, {"auc": 1.0, "auroc": 0.0, "AUC": 0.0}),
    ("pred,label\n0.1,1\n0.9,1\n0.2,0\n0.6,0\n", "average_precision"): (0.75, {"aucpr": 0.7123179275482191, "PRAUC": 0.7083333333333333}),
    ("pred,label\n0.1,1\n0.9,1\n0.2,0\n0.6,0\n", "pr_auc"): (0.7083333333333333, {"average_precision_score": 0.75, "aucpr": 0.7123179275482191}),
    ("p_a,p_b,y_a,y_b\n0.5,0.5,1,0\n0.6373,0.3627,0.5,0.5\n", "kl"): (0.3661735023387922, {"kl_div": 0.1830867511693961, 'kl_div(reduction="batchmean")': 0.3661735023387922}),
    ("p1,p2,y1,y2\n1,10,0,0\n-1,-10,0,0\n", "rmse"): (5.5, {
        "metrics.RootMeanSquaredError": 50.5**0.5, "mean_squared_error(squared=False)": 50.5**0.5, "rmse": 50.5**0.5, "MultiRMSE": 10.04987562112089,
    }),
    ("p1,p2,y1,y2\n3,4,4,3\n0,0,1,1\n", "cosine_distance"): (None, {
        "losses.CosineSimilarity": -0.48, "metrics.CosineSimilarity": 0.48, "cosine_similarity": [0.48, None],
        "CosineEmbeddingLoss": 0.52, "cosine_distance": None,
    }),
    ("p1,p2,y1,y2\n3,4,4,3\n", "cosine_distance"): (0.04, {"cosine_similarity": [0.96, 0.96], "cosine_distance": 0.04}),
    ("p_a,p_b,p_c,label\n0.2,0.3,0.5,b\n0,1,0,a\n", "cross_entropy"): (18.623813096721545, {
        "log_loss": 18.623813096721545, "losses.CategoricalCrossentropy": (16.11809565095832 - math.log(0.3)) / 2,
        "NLLLoss": INFINITE, "CrossEntropyLoss": None, "multi_logloss": (34.538776394910684 - math.log(0.3)) / 2,
    }),
    ("p_a,p_b,p_c,label\n0.2,0.3,0.5,b\n", "brier"): (0.78, {"brier_class": 0.39, "brier_score_loss": 0.78}),
    ("p_a,p_b,p_c,label\n0.2,0.3,0.5,b\n", "focal"): (0.49 * -math.log(0.3), {"losses.CategoricalFocalCrossentropy": 0.1225 * -math.log(0.3)}),
    ("pred,label\na,a\na,b\nc,c\na,a\na,a\nb,b\n", "hamming"): (1 / 6, {"multiclass_hamming_distance": 1 / 6}),
    ("pred,label\n0.1,1\n0.9,1\n0.2,0\n0.6,0\n", "ece"): (0.45, {"calibration_curve": 0.35, "binary_calibration_error": 0.45}),
}  # fmt: skip


def explain(folder, text, loss, **options):
    path = folder / "rows.csv"
    path.write_text(text)
    one = explained(WhyOptions(str(path), loss=loss, **options)).losses[0]
    by_name: dict[str, list[float | None]] = {}
    for found in one.libraries:
        by_name.setdefault(found.name, []).append(found.value)
    return one, by_name


def near(value, rel):
    return None if value is None else pytest.approx(value, rel=rel)


def columns_of(text):
    head = text.partition("\n")[0].split(",")
    several = {"p_a": "p_*", "p1": "p1,p2"}
    pred = several.get(head[0], "pred")
    return {"pred": pred, "label": {"y_a": "y_*", "y1": "y1,y2"}.get(head[-2], "label")}


@pytest.mark.parametrize(("text", "loss"), RAN)
def test_each_library_is_reported_with_the_number_that_it_gives(tmp_path, text, loss):
    own, expected = RAN[text, loss]
    one, by_name = explain(tmp_path, text, loss, **columns_of(text))
    assert one.value == near(own, 1e-12)
    for name, values in expected.items():
        some = values if isinstance(values, list) else [values]
        assert by_name[name] == [near(value, 2e-8) for value in some], name


@pytest.mark.parametrize(("loss", "library", "value"), [
    ("mse", "losses.MeanSquaredError", 14.0), ("mae", "losses.MeanAbsoluteError", 5.0), ("mae", "MeanAbsoluteError(sample_weight=)", 5.0),
    ("huber", "huber_loss(weight=)", 4.0),
])  # fmt: skip
def test_keras_torch_and_sktime_divide_weighted_sums_by_the_number_of_rows(tmp_path, loss, library, value):
    text = "pred,label,w\n1,0,1\n3,0,3\n"
    one, by_name = explain(tmp_path, text, loss, weight="w")
    assert by_name[library] == [value]
    assert one.value == value / 2


def test_queries_without_a_relevant_row_count_as_libraries_have_it(tmp_path):
    text = "pred,label,q\n0.1,3,a\n0.4,2,a\n0.35,0,a\n0.8,1,a\n0.1,0,b\n0.2,0,b\n"
    one, by_name = explain(tmp_path, text, "ndcg", group="q")
    assert one.value == pytest.approx(0.7463238207746714)
    assert by_name["ndcg_score"] == [pytest.approx(0.7463238207746714 / 2)]
    assert by_name["ndcg"] == [pytest.approx((0.6289425859831145 + 1) / 2)] * 2
    assert by_name["NDCG"] == [pytest.approx((0.7463238207746714 + 1) / 2)]


SKLEARN = {
    "mape": "mean_absolute_percentage_error", "r2": "r2_score", "log_loss": "log_loss", "brier": "brier_score_loss",
    "f1": "f1_score", "mcc": "matthews_corrcoef", "precision": "precision_score", "recall": "recall_score", "jaccard": "jaccard_score",
    "pr_auc": "average_precision_score", "poisson_nll": "mean_poisson_deviance",
}  # fmt: skip


@pytest.mark.parametrize("loss", SKLEARN)
@pytest.mark.parametrize("rare", [False, True])
def test_scikit_learn_gives_what_is_reported_of_it(tmp_path, loss, rare):
    rng = np.random.default_rng(7)
    label = (rng.random(60) < (0.0 if rare else 0.4)).astype(float)
    score = rng.random(60) / 3 if rare else rng.random(60)
    given = score
    if loss in ("f1", "mcc", "precision", "recall", "jaccard"):
        given = (score > 0.5).astype(float)
    if loss in ("mape", "poisson_nll"):
        label = np.where(label > 0, label * 3, 0.0 if loss == "mape" or not rare else 1.0)
    kwargs = {"zero_division": 0.0} if loss in ("f1", "precision", "recall", "jaccard") else {}
    if loss == "log_loss":
        kwargs = {"labels": [0, 1]}
    if loss in ("pr_auc", "mcc") and rare:
        label[3] = 1.0
    expected = getattr(sklearn.metrics, SKLEARN[loss])(label, given, **kwargs)
    rows = "".join(f"{f!r},{y!r}\n" for f, y in zip(given.tolist(), label.tolist(), strict=True))
    _, by_name = explain(tmp_path, f"pred,label\n{rows}", loss)
    assert by_name[SKLEARN[loss]][0] == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_scores_of_one_class_have_no_clip_to_differ_in(tmp_path):
    one, by_name = explain(tmp_path, "pred,label\n-200,1\n", "log_loss", from_logits=True)
    assert one.value == 200.0
    assert by_name == {}
    assert {"sklearn", "keras", "torch", "lightgbm"} <= set(one.agree)


def test_parameters_on_which_libraries_agree_hold_for_them_and_others_do_not(tmp_path):
    one, _ = explain(tmp_path, "pred,label\n90,100\n", "mape:zero=skip,percent=true")
    specs = {found.library: found.loss for found in one.libraries}
    assert specs["sklearn"] == "mape:zero=eps"
    one, _ = explain(tmp_path, "pred,label\n90,100\n", "huber:delta=3")
    assert {found.library: found.loss for found in one.libraries}["lightgbm"] == "huber:delta=3"


def test_it_is_said_whether_a_value_is_that_of_losscli(tmp_path):
    one, _ = explain(tmp_path, "pred,label\n90,100\n", "mape")
    assert {found.library: found.same for found in one.libraries}["sklearn"] is True
    assert {found.library: found.same for found in one.libraries}["keras"] is False
    one, _ = explain(tmp_path, "p_a,p_b,y_a,y_b\n0,1,1,0\n", "kl", pred="p_*", label="y_*")
    same = {found.name: found.same for found in one.libraries}
    assert same["losses.KLDivergence"] is None  # it raises the 0, and so is finite
    assert same['kl_div(reduction="batchmean")'] is True


def test_an_infinite_loss_is_not_the_same_as_a_refused_row(tmp_path):
    one, _ = explain(tmp_path, "pred,label\n1,0\n", "mape")
    assert {found.library: found.same for found in one.libraries}["xgboost"] is False
    assert one.note is not None
    assert one.note.startswith("refused: ")


def test_a_loss_without_rules_names_the_libraries_that_have_it(losscli):
    (losscli.folder / "rows.csv").write_text("pred,label\n1,0\n3,1\n")
    ran = losscli("why", "rows.csv", "--loss", "max_error,theil_u1", "--format", "table")
    assert ran.code == 0
    assert "max_error: all agree, as far as is known: scikit-learn, statsmodels" in ran.out
    assert "theil_u1: none of the libraries that were read has it" in ran.out


def test_rows_that_no_library_measures_are_an_error(tmp_path):
    with pytest.raises(DataError, match="is not a number"):
        explain(tmp_path, "pred,label\nx,1\n", "mape")


def test_standard_input_is_read_once_and_measured_by_every_rule(losscli):
    ran = losscli("why", "-", "-l", "mape", "--format", "csv", input=b"pred,label\n1,0\n90,100\n")
    assert (ran.code, ran.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert rows[0]["library"] == "losscli"
    assert {row["library"]: row["value"] for row in rows}["lightgbm"] == "0.55"


def test_the_document_is_as_its_schema_says(losscli):
    (losscli.folder / "rows.csv").write_text("pred,label\n1,0\n90,100\n")
    ran = losscli("why", "rows.csv", "-l", "mape,mse", "--json", "-o", "why.md")
    document = json.loads(ran.out)
    read = Explanation.read(document)
    assert [one.loss for one in read["losses"]] == ["mape", "mse"]
    assert (losscli.folder / "why.md").read_text().startswith("mape, mse by library (rows.csv): 2 rows")
    schema = json.loads(losscli("schema", "why").out)
    assert schema["properties"].keys() == document.keys()


def test_a_format_without_room_for_rules_is_refused(losscli):
    (losscli.folder / "rows.csv").write_text("pred,label\n1,0\n")
    ran = losscli("why", "rows.csv", "-l", "mse", "-f", "junit").block()
    assert ran.code == 2
    assert "`table`, `json`, `csv`, `markdown`" in ran.err


def test_every_rule_is_of_a_known_library_and_loss_and_its_specs_can_be_asked_for():
    known = catalogue()
    for loss, conventions in CONVENTIONS.items():
        assert loss in known
        params = {param.name for form in find(loss) for param in form.offered_params}
        for one in conventions:
            assert one.library in LIBRARIES
            assert default_params(one).keys() <= params
            assert one.task in (None, *(form.task for form in find(loss)))
            for spec in SPEC.findall(one.value or ""):
                if parse_loss(spec).name != "expr":
                    assert spec.partition(":")[0] in known, spec
                LossRequest.of(spec)
    assert HAVING.keys() <= known.keys()
    assert {library for names in HAVING.values() for library in names.split()} <= LIBRARIES.keys()
