"""The page of each task on the sample data: what it shows, that all of it can be read as text, and how large it is."""

from __future__ import annotations

import re

import pytest

from conftest import ROOT

SAMPLES = ROOT / "sample_data"
DIABETES = ("diabetes_preds.csv", "diabetes_labels.csv")
PAGES = {
    "regression": ("report", *DIABETES, "-p", "pred", "-l", "rmse,mae,r2", "--ci", "bootstrap"),
    "binary": ("report", "breast_cancer.csv", "-p", "prob", "-l", "log_loss,auc,average_precision,f1", "--ci", "normal"),
    "multiclass": ("report", "digits_preds.csv", "digits_labels.csv", "-p", "p_*", "-l", "cross_entropy,f1,auc"),
    "multilabel": ("report", "digits_facts.csv", "-p", "p_*", "-y", "y_*", "-l", "log_loss,f1,auc"),
    "quantiles": ("report", "diabetes_quantiles.csv", "-p", "q_*"),
    "ranking": ("report", "digits_search.csv", "-p", "score", "--group", "query", "-l", "ndcg,mrr", "--ci", "normal"),
    "series": ("report", "sales.csv", "-p", "pred", "--group", "store", "-l", "mae,rmse"),
    "slices": ("report", *DIABETES, "-p", "pred", "-l", "mae,rmse", "--by", "age_group", "--ci", "normal"),
    "models": ("report", *DIABETES, "-p", "pred", "-p", "pred_linear", "-l", "mae", "--by", "sex", "--ci", "normal"),
    "comparison": ("compare", *DIABETES, "-p", "pred_linear", "-p", "pred", "-l", "mae,rmse", "--by", "age_group"),
    "survival": ("report", "survival.csv", "-p", "pred", "-y", "time=time,event=event", "-l", "concordance"),
}  # fmt: skip
SHOWN = {
    "binary": ["auc is 0.998766", "average_precision is 0.998101", "Calibration: prob", "Confusion"],
    "multiclass": [
        "Confusion of p_*",
        "area about 0.9979",
        "average about 0.9",
    ],
    "quantiles": ["Quantile coverage: q_*"],
    "ranking": ["Worst groups by ndcg", "Value of each group: ndcg: 23 groups"],
    "series": ["mae: mean 16.1167 over 4 groups; best 1.18333, median 10.55", "Value of each group: mae"],
    "slices": ["mae by age_group", "the line is the value of all rows", "32.0168 to 50.9"],
    "models": ["Models side by side", "48.6879 [43.88, 53.5]", "pred_linear"],
    "comparison": ["Differences", "the line is no difference", "-5.43488 to 3.19366"],
    "survival": ["concordance"],
}


@pytest.fixture(params=PAGES)
def page(request, here, tmp_path):
    """The name of a task, and its page."""
    paths = [str(SAMPLES / word) if word.endswith(".csv") else word for word in PAGES[request.param]]
    ran = here(*paths, "-o", "page.html")
    assert ran.code == 0, ran.err
    return request.param, (tmp_path / "page.html").read_text()


def test_a_page_of_each_task_shows_what_its_readers_look_for(page):
    name, text = page
    for words in SHOWN.get(name, ["Losses"]):
        assert words in text
    # A file of its own, for any browser and any mail.
    assert len(text.encode()) < 300_000
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", text)
    assert "<script" not in text
    # Who cannot see a picture reads its description, and a table of each scale.
    assert text.count("<svg ") == text.count('<svg aria-hidden="true"') == text.count("<figure ")
    assert text.count("<figcaption>") == text.count("<figure ")
    assert len(re.findall(r'<td class="span" aria-hidden="true">', text)) == text.count('<th scope="row">') - len(
        re.findall(r'<th scope="row">[^<]*</th><td class="cell"', text)
    )  # fmt: skip


def test_a_page_of_losses_without_rows_has_no_worst_rows_and_a_table_that_asks_for_them_is_refused(
    here, text
):
    text("d.csv", ["prob,label", "0.1,0", "0.4,0", "0.35,1", "0.8,1"])
    assert here("report", "d.csv", "-p", "prob", "-l", "auc", "-o", "page.html").code == 0
    ran = here("eval", "d.csv", "-p", "prob", "-l", "auc", "--worst", "3")
    assert ran.code == 2
    assert "`auc` is made of all rows together" in ran.err


def test_curves_of_several_models_or_classes_lie_in_one_picture_each_with_its_name_and_area(here):
    cancer, iris = str(SAMPLES / "breast_cancer.csv"), str(SAMPLES / "iris.csv")
    models = here("report", cancer, "-p", "prob", "-p", "score", "-l", "auc").out
    assert models.count("<h3>ROC</h3>") == 1
    for at, name in enumerate(("prob", "score")):
        assert re.search(rf"var\(--curve-{at}\)\"></span>{name}: auc is 0.998766", models)
    classes = here("report", iris, "-p", "p_*", "-l", "auc").out
    assert classes.count("<h3>ROC: p_*</h3>") == 1
    for name in ("setosa", "versicolor", "virginica"):
        assert f"</span>{name}: area about" in classes
