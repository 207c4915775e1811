"""What losses of classes measure: which averaging, which positive class, and whether two columns share classes at all."""

from __future__ import annotations

import json
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import metrics


@pytest.fixture
def measure(here, text):
    """The results of a file of rows, in their order; the exit code and the message of an error."""

    def run(rows, *words, name="both.csv", command="eval"):
        ran = here(command, text(name, rows), *words, "--json")
        return json.loads(ran.out)["results"] if ran.code in (0, 1) else ran.block()

    return run


def averaging(result):
    (found,) = [part for part in result["signature"].split("|") if part.startswith("average=")]
    return found.removeprefix("average=")


# ------------------------------------------------------------------------------------------------
# The averaging stands in the signature
# ------------------------------------------------------------------------------------------------

PER_CLASS = [
    "precision", "recall", "specificity", "npv", "miss_rate", "fall_out", "false_discovery", "false_omission", "f1",
    "fbeta:beta=2", "jaccard", "informedness", "markedness", "lr_plus", "lr_minus", "prevalence", "sedi",
]  # fmt: skip

FORMS = [
    # rows of label,pred; options; the averaging
    (["1,1", "0,0", "1,0"], [], "positive:1"),
    (["1,1", "1,1"], [], "positive:1"),  # one of the two is enough
    (["0,0", "0,0"], [], "positive:1"),
    (["1,0.7", "0,0.2"], [], "positive:1"),
    (["-1,1", "1,-1"], [], "positive:1"),
    (["true,1", "false,0"], [], "positive:1"),
    (["1,1", "0,0", "1,2"], [], "macro"),  # a third class among the predictions
    (["1,1", "0,0", "2,0"], [], "macro"),  # and among the labels
    (["a,a", "b,b"], [], "macro"),
    (["1,1", "0,0"], ["--average", "macro"], "macro"),
    (["1,1", "0,0"], ["--average", "weighted"], "weighted"),
    (["a,a", "b,b"], ["--average", "micro"], "micro"),
    (["a,a", "b,b"], ["--pos-label", "b"], "positive:b"),
    (["1,1", "0,0", "2,0"], ["--pos-label", "2"], "positive:2"),
]


@pytest.mark.parametrize(("rows", "options", "wanted"), FORMS)
def test_the_signature_of_every_loss_per_class_names_the_averaging(measure, rows, options, wanted):
    losses = [word for name in PER_CLASS for word in ("-l", name)]
    assert {averaging(one) for one in measure(["label,pred", *rows], *losses, *options)} == {wanted}


def test_average_none_is_named_too_and_a_loss_of_one_form_names_none(measure):
    found = measure(["label,pred", "1,1", "0,0"], "-l", "f1", "-l", "accuracy", "--average", "none")
    assert [averaging(one) for one in found[:2]] == ["none", "none"]
    assert "average" not in found[2]["signature"]


@pytest.mark.parametrize("size", ["1", "3", "1000"])
def test_slices_take_the_form_of_the_whole_however_the_rows_are_cut(measure, size):
    rows = ["label,pred,g", "1,1,a", "0,0,a", "1,0,a", "1,1,b", "2,1,b"]
    whole, one, two = measure(rows, "-l", "f1", "--by", "g", "--chunk-rows", size)
    assert averaging(whole) == averaging(one) == averaging(two) == "macro"
    # Slice a alone would be of class 1: 2/3.  The classes 1 and 0 have 2/3 each.
    assert one["value"] == pytest.approx(metrics.f1_score([1, 0, 1], [1, 0, 0], average="macro"))


def test_both_models_of_a_comparison_take_one_form_and_their_slices_too(here, text):
    path = text("two.csv", ["label,a,b,g", "1,1,1,x", "0,0,0,x", "1,0,1,y", "0,0,2,y"])
    ran = here("compare", path, "--pred", "a", "--pred", "b", "-l", "f1", "--by", "g", "--json")
    found = json.loads(ran.out)["results" if "results" in json.loads(ran.out) else "comparisons"]
    assert {averaging(one) for one in found} == {"macro"}
    base = metrics.f1_score([1, 0, 1, 0], [1, 0, 0, 0], average="macro")
    assert found[0]["base"]["value"] == pytest.approx(base)


def test_a_gate_against_a_baseline_of_another_averaging_cannot_be_evaluated(here, text):
    two = text("two.csv", ["label,pred", "1,1", "0,0", "1,0"])
    three = text("three.csv", ["label,pred", "1,1", "0,0", "1,1", "2,2"])
    assert here("eval", two, "-l", "f1", "-o", "base.json", "-f", "json").code == 0
    ran = here("eval", three, "-l", "f1", "--baseline", "base.json", "--max-regression", "f1=1")
    assert ran.code == 1
    assert "then average=positive:1, now average=macro" in ran.err
    assert here("eval", two, "-l", "f1", "--baseline", "base.json", "--max-regression", "f1=0").code == 0


COLUMNS = ["label,p_0,p_1", "1,0.3,0.7", "0,0.6,0.4", "1,0.9,0.1"]


@pytest.mark.parametrize(
    ("loss", "options", "wanted"),
    [
        ("f1", [], 2 / 3),
        ("f1", ["--average", "macro"], 2 / 3),
        ("f1", ["--pos-label", "0"], 2 / 3),
        ("recall", [], 1 / 2),
        ("recall", ["--pos-label", "0"], 1.0),
        ("dice", [], 1 - 2 * 0.8 / 3.2),  # label 1 beside 0.7 and 0.1; 2 + 1.2 in all
        ("dice", ["--pos-label", "0"], 1 - 2 * 0.6 / 2.8),
        ("dice", ["--average", "macro"], ((1 - 1.6 / 3.2) + (1 - 1.2 / 2.8)) / 2),
    ],
)
def test_columns_of_the_classes_0_and_1_are_of_the_positive_class(measure, loss, options, wanted):
    (found,) = measure(COLUMNS, "-p", "p_*", "-l", loss, *options)
    assert found["value"] == pytest.approx(wanted)


def test_dice_of_a_probability_and_of_two_class_columns_are_one_quantity(measure):
    (columns,) = measure(COLUMNS, "-p", "p_*", "-l", "dice")
    (one,) = measure(COLUMNS, "-p", "p_1", "-l", "dice")
    assert (columns["value"], columns["signature"]) == (one["value"], one["signature"])


def test_an_output_of_more_classes_than_0_and_1_has_no_positive_class_until_it_is_named(measure):
    rows = ["y_a,y_b,p_a,p_b", "1,0,1,0", "2,1,2,1"]
    words = ("--pred", "p_*", "--label", "y_*", "-l", "recall")
    (found,) = measure(rows, *words)
    assert found["value"] is None
    assert "--pos-label" in found["note"]
    rows = ["y_a,y_b,p_a,p_b", "yes,no,yes,no", "no,yes,yes,no", "yes,yes,no,yes"]
    (found,) = measure(rows, *words, "--pos-label", "yes")
    assert found["value"] == 0.5  # one of two in either


def test_the_page_of_a_loss_tells_its_averages(here):
    wanted = "average the positive class where the classes are 0 and 1, else macro over classes or outputs; also micro"
    assert wanted in " ".join(here("losses", "f1").out.split())
    assert "average macro over outputs; also none" in " ".join(here("losses", "accuracy").out.split())


# ------------------------------------------------------------------------------------------------
# What an average leaves out, and whom it concerns
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["recall", "precision", "f1"])
def test_a_weighted_average_is_that_of_scikit_learn_where_a_class_has_no_label(measure, loss):
    label, pred = [0, 0, 1, 1], [0, 0, 1, 2]
    rows = ["label,pred", *(f"{y},{f}" for y, f in zip(label, pred, strict=True))]
    (found,) = measure(rows, "-l", loss, "--average", "weighted")
    function = getattr(metrics, f"{loss}_score")
    assert found["value"] == pytest.approx(function(label, pred, average="weighted", zero_division=0))
    # The others have a value for class 2, of weight 0.
    assert ("leaves out class `2`" in found["note"]) == (loss == "recall")


def test_a_macro_average_says_which_label_it_leaves_out(measure):
    rows = ["y_a,y_b,p_a,p_b", "1,0,1,0", "0,0,1,0"]
    (found,) = measure(rows, "--pred", "p_*", "--label", "y_*", "-l", "recall")
    assert found["value"] == 1.0
    assert found["note"] == "the average leaves out output `p_b for y_b`, where there is nothing to measure"


def test_a_macro_average_of_a_part_that_is_not_defined_is_not_defined(measure):
    (found,) = measure(["label,pred", "0,0", "1,2"], "-l", "recall")  # no row is of class 2
    assert found["value"] is None
    assert "class 2" in found["note"]


@pytest.mark.parametrize(
    ("losses", "average"),
    [(["mae"], "weighted"), (["mae"], "macro"), (["mae", "rmse"], "none"), (["accuracy"], "macro")],
)
def test_an_average_that_concerns_no_loss_is_exit_2(measure, losses, average):
    words = [word for name in losses for word in ("-l", name)]
    ran = measure(["label,pred", "1,1", "0,1"], *words, "--average", average)
    assert (ran.code, ran.out) == (2, "")
    assert "`--average`" in ran.err


def test_beside_a_loss_that_an_average_concerns_the_others_keep_their_form_with_a_note(measure):
    mae, f1 = measure(["label,pred", "1,1", "0,1"], "-l", "mae", "-l", "f1", "--average", "weighted")
    assert mae["value"] == 0.5
    assert mae["note"] == "`--average weighted` is of losses per class or output; this has one form"
    assert "--average" not in (f1["note"] or "")


@pytest.mark.parametrize(
    ("loss", "value", "other"),
    [("accuracy_score", 0.75, "accuracy_score"), ("zero_one_loss", 0.25, "zero_one_loss")],
)
def test_several_labels_are_not_counted_by_row_and_a_note_names_what_does(measure, loss, value, other):
    rows = ["y_a,y_b,p_a,p_b", "1,0,1,0", "0,0,1,0"]
    (found,) = measure(rows, "--pred", "p_*", "--label", "y_*", "-l", loss)
    assert found["value"] == value  # a cell of four is wrong; of the rows one of two
    assert f"scikit-learn's `{other}`" in found["note"]
    assert "subset_zero_one" in found["note"]
    (one,) = measure(["label,pred", "1,1", "0,1"], "-l", loss)
    assert one["note"] is None


# ------------------------------------------------------------------------------------------------
# The positive class
# ------------------------------------------------------------------------------------------------

TWO_CLASSES = ["brier", "log_loss", "hinge", "focal", "f1", "recall", "mcc", "zero_one", "dice", "ece"]
PROBS = ["label,prob", "yes,0.9", "no,0.2", "maybe,0.4"]


@pytest.mark.parametrize("loss", [*TWO_CLASSES, "report"])
def test_a_positive_class_that_nothing_holds_is_exit_3_with_the_classes(here, text, loss):
    words = ("report", "-o", "r.html", "-l", "brier") if loss == "report" else ("eval", "-l", loss)
    ran = here(*words, text("p.csv", PROBS), "--pos-label", "Yes")
    assert (ran.code, ran.out) == (3, "")
    assert "column `label`: no label is the class `Yes`" in ran.block().err
    assert "`maybe`, `no`, `yes`" in ran.err
    assert "did you mean `yes`?" in ran.err


def test_compare_refuses_it_too(here, text):
    path = text("p.csv", ["label,a,b", "yes,0.9,0.8", "no,0.2,0.1"])
    ran = here("compare", path, "--pred", "a", "--pred", "b", "-l", "brier", "--pos-label", "ys").block()
    assert ran.code == 3
    assert "`no`, `yes`" in ran.err


@pytest.mark.parametrize("loss", TWO_CLASSES[:3] + ["f1"])
@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl", "arrow"])
def test_it_is_told_from_every_format_and_from_numbers(here, tmp_path, loss, form):
    table = pa.table({"label": [1, 2, 1], "prob": [0.5, 0.25, 0.75]})
    path = tmp_path / f"t.{form}"
    if form == "parquet":
        pq.write_table(table, path)
    elif form == "arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        path.write_text("label,prob\n1,0.5\n2,0.25\n1,0.75\n")
    ran = here(
        "eval", path, "-p", "prob", "-y", "label", "-l", loss, "--pos-label", "3", "--chunk-rows", "1"
    ).block()
    assert ran.code == 3
    assert "`1`, `2`" in ran.err
    assert here("eval", path, "-p", "prob", "-y", "label", "-l", loss, "--pos-label", "2.0").code == 0


@pytest.mark.parametrize("loss", ["f1", "dice", "cross_entropy", "accuracy", "brier"])
def test_class_columns_hold_their_classes(measure, loss):
    rows = ["label,p_a,p_b,p_c", "a,0.5,0.25,0.25", "b,0.5,0.25,0.25"]
    ran = measure(rows, "-p", "p_*", "-l", loss, "--pos-label", "d")
    assert (ran.code, "no label is the class `d`" in ran.err) == (3, True)
    measure(rows, "-p", "p_*", "-l", loss, "--pos-label", "c")
    assert len(measure(rows, "-p", "p_*", "-l", loss, "--pos-label", "a")) == 1


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        (["no,0.9", "no,0.2"], []),  # at most one other class
        (["no,0.9", "maybe,0.2"], ["--classes", "no,maybe,yes"]),  # `--classes` holds it
    ],
)
@pytest.mark.parametrize("loss", ["brier", "f1", "zero_one", "accuracy"])
def test_a_positive_class_that_may_be_right_has_a_value_and_a_note(measure, loss, rows, options):
    (found,) = measure(["label,prob", *rows], "-l", loss, "--pos-label", "yes", *options)
    assert found["value"] is not None
    assert "no row is positive: no label is `yes`" in found["note"]


def test_a_class_that_is_predicted_only_is_a_positive_class(measure):
    (found,) = measure(["label,pred", "a,c", "b,b", "a,a"], "-l", "precision", "--pos-label", "c")
    assert found["value"] == 0.0
    assert "no row is positive" in found["note"]


def test_a_row_of_weight_0_holds_no_class(measure):
    rows = ["label,prob,w", "yes,0.5,1", "no,0.5,1", "other,0.5,0"]
    for loss in ("brier", "f1"):
        assert measure(rows, "-l", loss, "-w", "w", "--pos-label", "other").code == 3
    rows = ["label,pred,w", "1,1,1", "0,0,1", "2,2,0"]
    (found,) = measure(rows, "-l", "f1", "-w", "w")
    assert averaging(found) == "positive:1"


def test_a_class_of_class_weight_that_no_label_is_of_is_told(measure):
    (found,) = measure(["label,pred", "a,a", "b,b", "b,a"], "-l", "accuracy", "--class-weight", "a=2,bb=3")
    assert found["note"] == "no label is of a class that `--class-weight` names: `bb`"


# A probability of a class that is text: label, probability.
LABEL = ["yes", "no", "yes", "no", "yes", "maybe"]
PROB = [0.9, 0.2, 0.1, 0.0, 1.0, 0.7]  # 0 and 1 are probabilities too
TRUE = [1, 0, 1, 0, 1, 0]
SAID = [1, 0, 0, 0, 1, 1]

SCORES = {
    "accuracy": metrics.accuracy_score(TRUE, SAID),
    "f1": metrics.f1_score(TRUE, SAID),
    "precision": metrics.precision_score(TRUE, SAID),
    "mcc": metrics.matthews_corrcoef(TRUE, SAID),
    "kappa": metrics.cohen_kappa_score(TRUE, SAID),
    "balanced_accuracy": metrics.balanced_accuracy_score(TRUE, SAID),
    "zero_one": metrics.zero_one_loss(TRUE, SAID),
    "hamming": metrics.hamming_loss(TRUE, SAID),
    "brier": metrics.brier_score_loss(TRUE, PROB),
}


@pytest.mark.parametrize("size", ["1", "2", "1000"])
@pytest.mark.parametrize("loss", SCORES)
def test_text_labels_with_a_positive_class_and_a_probability_are_measured(measure, loss, size):
    rows = ["label,prob", *(f"{y},{p}" for y, p in zip(LABEL, PROB, strict=True))]
    (found,) = measure(rows, "-l", loss, "--pos-label", "yes", "--chunk-rows", size)
    assert found["value"] == pytest.approx(SCORES[loss])
    assert found["note"] is None


@pytest.mark.parametrize("loss", ["f1", "accuracy", "mcc", "kappa", "zero_one"])
def test_raw_scores_and_slices_of_text_labels_are_measured_so(measure, loss):
    rows = ["label,score,g", *(f"{y},{math.log(p / (1 - p)) if 0 < p < 1 else p * 80 - 40},{g}"
                               for y, p, g in zip(LABEL, PROB, "aabbab", strict=True))]  # fmt: skip
    found = measure(rows, "-p", "score", "-l", loss, "--pos-label", "yes", "--from-logits", "--by", "g")
    assert found[0]["value"] == pytest.approx(SCORES[loss])
    if loss == "accuracy":
        assert [one["value"] for one in found[1:]] == pytest.approx([1.0, 1 / 3])


def test_whole_numbers_are_classes_unless_a_probability_stands_among_them(measure):
    (found,) = measure(
        ["label,pred", "0,0", "1,1", "unknown,1", "unknown,unknown"], "-l", "f1", "--pos-label", "unknown"
    )
    assert found["value"] == pytest.approx(2 / 3)
    (found,) = measure(["label,pred", "yes,1", "no,1", "no,0"], "-l", "accuracy", "--pos-label", "yes")
    assert found["value"] == pytest.approx(2 / 3)
    (found,) = measure(["label,pred", "2,1", "1,1", "1,0.2", "2,0.7"], "-l", "accuracy", "--pos-label", "2")
    assert found["value"] == 0.75  # 1 is the probability of class 2, not class 1


def test_minus_1_stays_the_other_name_of_0_beside_a_probability_of_0(measure):
    (found,) = measure(["label,prob", "-1,0.9", "1,0.8", "-1,0"], "-l", "accuracy")
    assert found["value"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "rows", [["label,prob", "1,0.9", "0,0.2", "1,2"], ["label,prob", "1,0.9", "0,0.2", "2,1"]]
)
@pytest.mark.parametrize("loss", ["f1", "zero_one"])
def test_a_class_beside_probabilities_is_refused_in_whichever_row_it_stands(measure, rows, loss):
    ran = measure(rows, "-l", loss)
    assert (ran.code, "`2`" in ran.err) == (3, True)


# ------------------------------------------------------------------------------------------------
# Labels and predictions of the same classes
# ------------------------------------------------------------------------------------------------

REFUSED = [
    # label, prediction, what the message says
    (["cat", "dog"], ["0", "1"], "the predictions are numbers and the labels names"),
    (["0", "1"], ["cat", "dog"], "the labels are numbers and the predictions names"),
    (["cat", "dog"], [" cat", " dog"], "spaces"),
    (["cat ", "dog "], ["cat", "dog"], "spaces"),
    (["cat\u00a0", "dog"], ["cat", "horse"], "cat\\xa0"),
    (["cat\u200b", "dog"], ["cat", "horse"], "cat\\u200b"),
    (["Cat", "Dog"], ["cat", "dog"], "case"),
    (["caf\u00e9", "x"], ["cafe\u0301", "y"], "Unicode normal form"),
    (["\uff11a", "x"], ["1a", "y"], "Unicode normal form"),
    (["07a", "x"], ["7a", "y"], "leading zeros"),
    (["<=50K.", ">50K."], ["<=50K", ">50K"], "trailing punctuation"),
    (["Cat.", "b"], ["cat", "c"], "case and trailing punctuation"),
]


@pytest.mark.parametrize("loss", ["accuracy", "zero_one", "f1", "hamming"])
@pytest.mark.parametrize(("label", "pred", "said"), REFUSED)
def test_classes_that_only_the_spelling_keeps_apart_are_exit_3(measure, label, pred, said, loss):
    rows = ["label,pred", *(f'"{y}","{f}"' for y, f in zip(label, pred, strict=True))]
    ran = measure(rows, "-l", loss, "--chunk-rows", "1")
    assert (ran.code, ran.out) == (3, "")
    assert "none in common" in ran.err
    assert said in ran.err


@pytest.mark.parametrize("loss", ["adjusted_rand", "v_measure", "purity"])
def test_clusters_need_no_common_names(measure, loss):
    (found,) = measure(["label,pred", "cat,0", "dog,1", "cat,0", "dog,1"], "-l", loss)
    assert (found["value"], found["note"]) == (1.0, None)


NOTED = [
    (["a,b", "a,c"], "no class in common: predictions have `b`, `c`, labels `a`"),
    (["1,2", "1,3"], "no class in common: predictions have `2`, `3`, labels `1`"),
    (["1,0", "1,0"], "no class in common: predictions have `0`, labels `1`"),
    (["a,a", "b,c"], "only labels have `b`, only predictions have `c`"),
    (
        ["a,a", "Cat,cat"],
        "only labels have `Cat`, only predictions have `cat` (`Cat` and `cat` differ in case)",
    ),
    (["1,1", "0,1"], None),  # one of two classes is no stranger
    (["a,a", "b,b"], None),
]


@pytest.mark.parametrize("loss", ["accuracy", "zero_one"])
@pytest.mark.parametrize(("rows", "note"), NOTED)
def test_other_strangers_are_a_note_judged_once_on_the_whole(measure, rows, note, loss):
    for size in ("1", "1000"):
        found = measure(["label,pred", *rows], "-l", loss, "--chunk-rows", size, "--by", "label")
        assert found[0]["note"] == note
        assert {one["note"] for one in found[1:]} == {None}


@pytest.mark.parametrize(
    ("label", "pred", "said"), [("cat", "Cat", "case"), ("cat", 7, "numbers"), ("cat ", "cat", "spaces")]
)
def test_labels_in_lists_are_compared_so_too(here, text, label, pred, said):
    rows = [json.dumps({"y": [label], "p": [pred]}), json.dumps({"y": [], "p": [pred]})]
    ran = here("eval", text("l.jsonl", rows), "-p", "p", "-y", "y", "-l", "hamming").block()
    assert ran.code == 3
    assert said in ran.err


def test_a_comparison_judges_both_models(here, text):
    path = text("m.csv", ["label,a,b", "cat,cat,Cat", "dog,dog,Dog"])
    ran = here("compare", path, "--pred", "a", "--pred", "b", "-l", "zero_one").block()
    assert ran.code == 3
    assert "column `b`" in ran.err


def test_a_filter_and_missing_rows_decide_what_the_whole_is(measure):
    rows = ["label,pred,keep", "Cat,cat,1", "x,x,0", "Dog,,1"]
    assert measure(rows, "-l", "accuracy", "--nan", "drop")[0]["value"] == 0.5
    assert measure(rows, "-l", "accuracy", "--nan", "drop", "--where", "keep == 1").code == 3


def test_no_constant_is_made_up_where_several_classes_are_the_negative_one(here, text):
    rows = ["label,pred", "a,.9", "b,.2", "c,.3", "a,.4", "c,.1", "c,.2"]
    text("three.csv", rows)
    text("two.csv", ["label,pred", "a,.9", "b,.2", "b,.3", "a,.4"])
    found = [
        json.loads(here("eval", name, "--pos-label", "a", "-l", "accuracy", "--constant", "--json").out)[
            "results"
        ][0]
        for name in ("three.csv", "two.csv")
    ]
    assert found[0]["constant"] is None
    assert "several classes are the negative one" in found[0]["note"]
    assert found[1]["constant"]["value"] == 0.5
