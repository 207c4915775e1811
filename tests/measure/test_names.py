"""Names of columns: what they are paired by, which class or quantile level they stand for, which row they tell."""

from __future__ import annotations

import json
import math

import pytest

from losscli.table.labels import class_names, paired, quantile_level, stems_of


def table(columns):
    """The lines of a CSV file, from its columns."""
    rows = zip(*columns.values(), strict=True)
    return [",".join(columns), *(",".join(map(str, row)) for row in rows)]


@pytest.fixture
def value(here):
    """The one number of a call, which must end well."""

    def run(*args):
        ran = here("eval", *args, "-f", "value")
        assert ran.code == 0, ran.err
        return float(ran.out)

    return run


@pytest.fixture
def noted(here):
    """The value, the note and the messages of a call with one loss."""

    def run(*args):
        ran = here("eval", *args, "--json")
        assert ran.code == 0, ran.err
        (result,) = json.loads(ran.out)["results"]
        return result["value"], result["note"], ran.err

    return run


# ---------------------------------------------------------------------- outputs


@pytest.mark.parametrize(
    ("preds", "labels"),
    [
        ("x_pred,y_pred", "y_true,x_true"), ("pred_x,pred_y", "true_y,true_x"), ("x,y", "y_true,x_true"),
        ("X,Y", "y,x"), ("m.x_hat,m.y_hat", "Y,X"), ("x_pred,y_pred", "label_y,label_x"), ("p1,p2", "y2,y1"),
    ],
)  # fmt: skip
def test_outputs_of_the_same_names_or_stems_are_paired_by_them_and_a_change_of_order_is_said(
    noted, text, preds, labels
):
    text("p.csv", table(dict(zip(preds.split(","), [(1, 2), (10, 20)], strict=True))))
    text("l.csv", table(dict(zip(labels.split(","), [(10, 20), (1, 2)], strict=True))))
    found, note, said = noted("p.csv", "l.csv", "--pred", preds, "--label", labels, "-l", "rmse")
    assert found == 0.0
    assert "paired by name" in note
    assert "warning: outputs are paired by name" in said


def test_outputs_chosen_by_globs_are_paired_by_name(value, text):
    text("p.csv", table({"x_pred": [1, 2], "y_pred": [10, 20]}))
    text("l.csv", table({"y_true": [10, 20], "x_true": [1, 2]}))
    assert value("p.csv", "l.csv", "--pred", "*_pred", "--label", "*_true", "-l", "rmse") == 0.0


def test_names_that_agree_in_part_are_refused_with_a_glob_and_paired_as_listed_without(here, noted, text):
    text("p.csv", table({"x_pred": [1, 2], "z_pred": [10, 20]}))
    text("l.csv", table({"y_true": [10, 20], "x_true": [1, 2]}))
    for preds, labels in (("*_pred", "*_true"), ("x_pred,z_pred", "*_true"), ("*_pred", "y_true,x_true")):
        ran = here("eval", "p.csv", "l.csv", "--pred", preds, "--label", labels, "-l", "mae").block()
        assert (ran.code, "`x_pred`" in ran.err, "`x_true`" in ran.err) == (3, True, True)
    found, note, said = noted(
        "p.csv", "l.csv", "--pred", "x_pred,z_pred", "--label", "y_true,x_true", "-l", "mae"
    )
    assert found == (9 + 18 + 9 + 18) / 4
    assert "in the order of the columns: `x_pred` for `y_true`, `z_pred` for `x_true`" in note
    assert note in said


def test_names_that_share_nothing_are_paired_in_their_order_which_is_said(noted, text):
    text("p.csv", table({"a": [1, 2], "b": [10, 20]}))
    text("l.csv", table({"u_true": [1, 2], "v_true": [10, 20]}))
    found, note, _ = noted("p.csv", "l.csv", "--pred", "*", "--label", "*_true", "-l", "mae")
    assert found == 0.0
    assert "`a` for `u_true`, `b` for `v_true`" in note


def test_a_part_names_both_columns(here, text):
    text("p.csv", table({"x_pred": [1, 2], "y_pred": [10, 20]}))
    text("l.csv", table({"y_true": [10, 20], "x_true": [1, 3]}))
    ran = here("eval", "p.csv", "l.csv", "--pred", "*_pred", "--label", "*_true", "-l", "mae", "--average", "none",
               "--json")  # fmt: skip
    parts = {r["part"]["output"]: r["value"] for r in json.loads(ran.out)["results"]}
    assert parts == {"x_pred for x_true": 0.5, "y_pred for y_true": 0.0}


def test_vectors_are_paired_by_name_as_outputs_are(value, text):
    text("c.csv", table({"x_pred": [1, 0], "y_pred": [0, 1], "y_true": [0, 1], "x_true": [1, 0]}))
    assert value("c.csv", "--pred", "*_pred", "--label", "*_true", "-l", "cosine_distance") == 0.0


# ---------------------------------------------------------------------- classes

LEVELS = {
    "p_high": [0.1, 0.2, 0.7, 0.5], "p_low": [0.8, 0.2, 0.1, 0.2], "p_mid": [0.1, 0.6, 0.2, 0.3],
    "label": ["low", "mid", "high", "low"],
}  # fmt: skip


@pytest.mark.parametrize("pred", ["p_*", "p_mid,p_low,p_high", "p_high,p_low,p_mid"])
@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("accuracy", 0.75),
        # As 0, 1, 2: labels 0, 1, 2, 0 and predictions 0, 1, 2, 2.  Squared distances: one pair has 4; of all
        # pairs by chance 26/4 (labels 0 twice: 0+1+4+4 each; 1: 1+0+1+1; 2: 4+1+0+0).  1 - 4 / 6.5 = 5/13.
        ("kappa:weights=quadratic", 5 / 13),
        # Cumulated: (0.8, 0.9), (0.2, 0.8), (0.1, 0.3), (0.2, 0.5) against (1, 1), (0, 1), (0, 0), (1, 1).
        ("rps", (0.04 + 0.01 + 0.04 + 0.04 + 0.01 + 0.09 + 0.64 + 0.25) / 4 / 2),
    ],
)
def test_classes_orders_columns_that_have_the_names_of_these_classes(value, text, pred, loss, expected):
    text("c.csv", table(LEVELS))
    assert value("c.csv", "--pred", pred, "-l", loss, "--classes", "low,mid,high") == pytest.approx(
        expected, rel=1e-15
    )


def test_classes_breaks_ties_of_the_greatest_in_its_order(value, text):
    text("c.csv", table({"p_a": [0.5], "p_b": [0.5], "label": ["b"]}))
    assert value("c.csv", "--pred", "p_*", "-l", "accuracy") == 0.0
    assert value("c.csv", "--pred", "p_*", "-l", "accuracy", "--classes", "b,a") == 1.0


def test_classes_names_columns_whose_names_are_others(noted, text):
    text("c.csv", table({"u": [0.9, 0.2], "v": [0.1, 0.8], "label": ["cat", "dog"]}))
    found, note, _ = noted("c.csv", "--pred", "u,v", "-l", "cross_entropy", "--classes", "cat,dog")
    assert (found, note) == (pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2), None)


def test_classes_that_are_in_part_the_names_of_the_columns_name_them_in_their_order_which_is_said(
    noted, text
):
    text("c.csv", table({"p_1": [0.9, 0.2], "p_2": [0.1, 0.8], "label": [0, 1]}))
    found, note, _ = noted("c.csv", "--pred", "p_*", "-l", "accuracy", "--classes", "0,1")
    assert found == 1.0
    assert "`p_1` for `0`, `p_2` for `1`" in note


@pytest.mark.parametrize(
    ("columns", "labels"),
    [
        ("prob_Iris-setosa,prob_Iris-virginica", "Iris-setosa,Iris-virginica"), ("p_cat,p_cow", "cat,cow"),
        ("setosa_prob,virginica_prob", "setosa,virginica"), ("m_cat_p,m_cow_p", "cat,cow"), ("cat,cow", "cat,cow"),
        ("pcat,pcow", "cat,cow"), ("p_Cat,p_Cow", "cat,cow"), ("p1,p2", "1,2"), ("class_10,class_11", "10,11"),
        ("p_cat,p_cow", "p_cat,p_cow"), ("1,11", "1,11"), ("p_-1,p_1", "-1,1"), ("1_p,0_p", "1,0"),
    ],
)  # fmt: skip
def test_class_columns_match_labels_by_the_whole_name_or_a_stem(here, text, columns, labels):
    one, two = columns.split(",")
    text("c.csv", table({one: [0.9, 0.2], two: [0.1, 0.8], "label": labels.split(",")}))
    ran = here(
        "eval", "c.csv", "--pred", columns, "-l", "cross_entropy", "-l", "f1", "--average", "none", "--json"
    )
    found = json.loads(ran.out)["results"]
    assert found[0]["value"] == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2)
    # A part goes by the name that the labels have.
    assert [r["part"]["class"] for r in found[1:]] == labels.split(",")


def test_the_positive_class_is_named_as_the_labels_name_it(value, text):
    columns = {"prob_I-a": [0.9, 0.2, 0.6], "prob_I-b": [0.1, 0.8, 0.4], "label": ["I-a", "I-b", "I-b"]}
    text("c.csv", table(columns))
    assert value("c.csv", "--pred", "prob_*", "-l", "precision", "--pos-label", "I-a") == 0.5


def test_two_labels_that_match_one_column_are_refused_in_whatever_blocks_they_stand(here, text):
    text("c.csv", table({"p_cat": [0.9, 0.2, 0.9], "p_dog": [0.1, 0.8, 0.1], "label": ["cat", "dog", "Cat"]}))
    for rows in (1, 2, 100):
        ran = here("eval", "c.csv", "--pred", "p_*", "-l", "cross_entropy", "--chunk-rows", rows).block()
        assert (ran.code, "`Cat` and `cat`" in ran.err) == (3, True)


def test_models_whose_columns_stand_in_other_orders_share_the_labels(here, text):
    columns = {"a_cat": [0.9, 0.2], "a_dog": [0.1, 0.8], "b_dog": [0.1, 0.8], "b_cat": [0.9, 0.2],
               "label": ["cat", "dog"]}  # fmt: skip
    text("c.csv", table(columns))
    ran = here("eval", "c.csv", "--pred", "a_*", "--pred", "b_*", "-l", "accuracy", "--json")
    assert [r["value"] for r in json.loads(ran.out)["results"]] == [1.0, 1.0]


def test_a_label_without_a_column_is_refused_with_a_hint_to_classes(here, text):
    text("c.csv", table({"p_cat": [0.9], "p_dog": [0.1], "label": ["cow"]}))
    ran = here("eval", "c.csv", "--pred", "p_*", "-l", "cross_entropy").block()
    assert (ran.code, "`--classes" in ran.err, "`cat`, `dog`" in ran.err) == (3, True, True)


def test_the_log_loss_of_two_columns_hints_at_cross_entropy(here, text):
    text("c.csv", table({"p_cat": [0.9], "p_dog": [0.1], "label": ["cat"]}))
    ran = here("eval", "c.csv", "--pred", "p_*", "-l", "log_loss").block()
    assert (ran.code, "`cross_entropy`" in ran.err.splitlines()[-1]) == (2, True)


def test_a_stem_names_one_column_in_every_cut():
    assert class_names(["p_p_a", "p_a"], named=True)["p_a"] == 1
    assert stems_of(["1", "11", "111"]) == [("1", "11", "111")]
    assert ("0", "1") not in stems_of(["class10", "class11"])
    assert "-1" not in map(str, class_names(["p-1", "p-2"], named=True))


def test_names_are_paired_only_where_they_are_one_set():
    assert paired(["a", "b"], ["b", "a"]) == [1, 0]
    assert paired(["A", "a"], ["a", "A"]) == [1, 0]
    assert paired(["A", "b"], ["a", "c"]) is None
    assert paired(["y1", "y2", "y10"], ["p10", "p1", "p2"]) == [2, 0, 1]


# ---------------------------------------------------------------------- quantiles


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("q_0.1", 0.1), ("0.95", 0.95), ("p10", 0.1), ("q10", 0.1), ("q_10", 0.1), ("Q90", 0.9), ("yhat_p2.5", 0.025),
        ("lo-80", 0.1), ("hi-80", 0.9), ("AutoARIMA-lo-95", 0.025), ("AutoARIMA-hi-95", 0.975), ("q05", 0.05),
        ("q025", None), ("step10", None), ("p100", None), ("p0", None), ("pred", None), ("lo-100", None),
    ],
)  # fmt: skip
def test_a_column_tells_its_quantile_level(name, level):
    assert quantile_level(name) == level


@pytest.mark.parametrize(
    "names", ["q_0.1,q_0.5,q_0.9", "p10,p50,p90", "q_90,q_10,q_50", "m-hi-80,m-lo-80,m-lo-0"]
)
def test_quantile_columns_are_ordered_by_the_levels_in_their_names(value, text, names):
    held = {quantile_level(name): name for name in names.split(",")}
    values = {0.1: [1, 1], 0.5: [2, 3], 0.9: [3, 4]}
    text("q.csv", table({**{held[level]: values[level] for level in (0.9, 0.1, 0.5)}, "label": [2, 2]}))
    # Pinball by hand: row 1: 0.1·1, 0, 0.1·1; row 2: 0.1·1, 0.5·1, 0.1·2.
    expected = (0.1 + 0 + 0.1 + 0.1 + 0.5 + 0.2) / 6
    assert value("q.csv", "--pred", names, "-l", "mean_pinball") == pytest.approx(expected, rel=1e-14)
    assert value("q.csv", "--pred", names, "-l", "crossing_rate") == 0.0


@pytest.mark.parametrize("names", ["p10,q10", "q_0.1,q_.10", "lo-80,p10"])
def test_one_level_twice_is_refused(here, text, names):
    one, two = names.split(",")
    text("q.csv", table({one: [1], two: [2], "label": [2]}))
    ran = here("eval", "q.csv", "--pred", names, "-l", "mean_pinball").block()
    assert (ran.code, f"`{one}` and `{two}` are both for the level 0.1" in ran.err) == (3, True)


def test_columns_that_look_like_quartiles_are_not_taken_for_percent(here, text):
    text("q.csv", table({"q1": [1], "q2": [2], "q3": [2], "label": [2]}))
    ran = here("eval", "q.csv", "--pred", "q1,q2,q3", "-l", "mean_pinball").block()
    assert (ran.code, "`q25,q50,q75`" in ran.err) == (3, True)


def test_suggest_takes_columns_named_for_percent_as_quantiles_and_for_classes_where_labels_are_these(
    here, text
):
    text("q.csv", table({"p10": [1, 1], "p90": [3, 4], "label": [2.5, 2.1]}))
    text("c.csv", table({"p_1": [0.9, 0.2], "p_2": [0.1, 0.8], "label": [1, 2]}))
    assert json.loads(here("suggest", "q.csv", "--json").out)["task"] == "quantiles"
    assert json.loads(here("suggest", "c.csv", "--json").out)["task"] == "multiclass"


# ---------------------------------------------------------------------- index columns

IDS = ["", "Unnamed: 0", "__index_level_0__", "index", "idx", "Id", "KEY", "uuid", "user_id"]
LIKE_IDS = ["ds", "date", "time", "Timestamp", "item", "row"]


@pytest.mark.parametrize("suffixes", [("csv", "csv"), ("csv", "parquet"), ("parquet", "jsonl")])
@pytest.mark.parametrize("name", IDS)
def test_an_index_in_both_files_is_compared_by_position(here, value, text, parquet, name, suffixes):
    written(text, parquet, "p", suffixes[0], {name: [2, 0, 1], "pred": [1, 2, 3]})
    written(text, parquet, "l", suffixes[1], {name: [0, 1, 2], "label": [2, 3, 1]})
    files = [f"{stem}.{suffix}" for stem, suffix in zip("pl", suffixes, strict=True)]
    ran = here("eval", *files, "-l", "mse").block()
    assert (ran.code, f"column `{name}`, row 1: the row is `2`, and `0`" in ran.err) == (3, True)
    assert "add `--on " in ran.err
    assert value(*files, "-l", "mse", "--on", name) == 0.0
    assert value(*files, "-l", "mse", "--on", "position") == 2.0  # 1, 1 and 4


def written(text, parquet, stem, suffix, columns):
    if suffix == "csv":
        text(f"{stem}.csv", table(columns))
    elif suffix == "jsonl":
        rows = zip(*columns.values(), strict=True)
        text(f"{stem}.jsonl", [json.dumps(dict(zip(columns, row, strict=True))) for row in rows])
    else:
        parquet(f"{stem}.parquet", columns)


@pytest.mark.parametrize("suffixes", [("csv", "csv"), ("csv", "parquet"), ("parquet", "parquet")])
@pytest.mark.parametrize("rows", [1, 2, 100])
@pytest.mark.parametrize(
    ("index", "kept", "noted"),
    [
        ([17, 1, 122], [0, 1, 2], True), ([1, 2, 3], [0, 1, 2], True), ([17, 18, 19], [1, 2, 3], True),
        ([0, 1, 7], [0, 1, 2], True), ([0, 2, 1], [0, 1, 2], False), ([1, 3, 2], [1, 2, 3], False),
        ([17, 1, 122], [0, 2, 1], False), ([17, 1, 122], [10, 11, 12], False),
    ],
)  # fmt: skip
def test_an_index_kept_from_a_split_beside_one_that_counts_is_a_note(
    here, text, parquet, index, kept, noted, rows, suffixes
):
    written(text, parquet, "p", suffixes[0], {"idx": index, "pred": [1, 2, 3]})
    written(text, parquet, "l", suffixes[1], {"idx": kept, "label": [2, 3, 1]})
    files = [f"{stem}.{suffix}" for stem, suffix in zip("pl", suffixes, strict=True)]
    ran = here("eval", *files, "-l", "mse", "--json", "--chunk-rows", rows)
    if not noted:
        assert ran.block().code == 3
        return
    (result,) = json.loads(ran.out)["results"]
    assert (result["value"], "`idx` counts the rows of" in result["note"]) == (2.0, True)


@pytest.mark.parametrize("name", LIKE_IDS)
def test_a_time_or_item_that_differs_is_a_warning_and_a_note(noted, text, name):
    text("p.csv", table({name: [2, 1], "pred": [1, 2]}))
    text("l.csv", table({name: [1, 2], "label": [2, 1]}))
    found, note, said = noted("p.csv", "l.csv", "-l", "mse")
    assert (found, f"`{name}` differs in 2 of 2 rows" in note, f"`--on {name}`" in note) == (1.0, True, True)
    assert f"warning: {note}" in said
    assert noted("p.csv", "l.csv", "-l", "mse", "--on", "position") == (1.0, None, "")
    assert noted("p.csv", "l.csv", "-l", "mse", "--on", name)[0] == 0.0


def test_a_date_in_a_typed_file_is_compared_with_text(noted, text, parquet):
    import datetime as dt

    days = [dt.date(2020, 1, 2), dt.date(2020, 1, 1)]
    parquet("l.parquet", {"ds": days, "label": [1, 2]})
    text("p.csv", table({"ds": days, "pred": [1, 2]}))
    text("q.csv", table({"ds": days[::-1], "pred": [2, 1]}))
    assert noted("p.csv", "l.parquet", "-l", "mse")[:2] == (0.0, None)
    assert "`ds` differs in 2 of 2 rows" in noted("q.csv", "l.parquet", "-l", "mse")[1]


def test_a_hint_offers_only_keys_that_pair_all_rows(here, noted, text):
    text("p.csv", table({"id": [1, 1, 2], "pred": [1, 2, 3]}))
    text("l.csv", table({"id": [2, 1, 1], "label": [1, 2, 3]}))
    ran = here("eval", "p.csv", "l.csv", "-l", "mse").block()
    assert (ran.code, "--on" in ran.err) == (3, False)
    text("p.csv", table({"item": ["a", "b", "a", "b"], "ds": [1, 1, 2, 2], "pred": [1, 2, 3, 4]}))
    text("l.csv", table({"item": ["a", "a", "b", "b"], "ds": [1, 2, 1, 2], "label": [1, 3, 2, 4]}))
    assert "`--on item,ds`" in noted("p.csv", "l.csv", "-l", "mse")[1]
    assert noted("p.csv", "l.csv", "-l", "mse", "--on", "item,ds")[0] == 0.0


def test_labels_are_compared_with_both_models(here, text):
    for name, rows in (("a", [1, 2, 3]), ("b", [1, 2, 3]), ("l", [1, 3, 2])):
        text(f"{name}.csv", table({"id": rows, ("label" if name == "l" else "pred"): [1, 2, 4]}))
    ran = here("compare", "a.csv", "b.csv", "l.csv", "-l", "mse").block()
    assert (ran.code, "the row is `2`, and `3` in l.csv" in ran.err) == (3, True)


def test_compare_says_what_differs(here, text):
    for name, rows in (("a", [1, 2, 3]), ("b", [1, 2, 3]), ("l", [1, 3, 2])):
        text(f"{name}.csv", table({"ds": rows, ("label" if name == "l" else "pred"): [1, 2, 4]}))
    ran = here("compare", "a.csv", "b.csv", "l.csv", "-l", "mse", "--json")
    (one,) = json.loads(ran.out)["comparisons"]
    assert "`ds` differs in 2 of 3 rows" in one["note"]
    assert "warning: `ds` differs" in ran.err


# ---------------------------------------------------------------------- where no column is named


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        (["Id", "SalePrice"], []), (["", "SalePrice"], []), (["SalePrice", "Unnamed: 0"], []),
        (["ds", "item", "SalePrice"], []), (["country", "SalePrice"], ["--by", "country"]), (["SalePrice"], []),
        (["w", "SalePrice"], ["-w", "w"]), (["id", "SalePrice"], ["--on", "id"]), (["date"], []), (["id"], []),
        (["age", "SalePrice"], ["--by", "age:bins=2"]), (["c", "d", "SalePrice"], ["--by", "c+d"]),
    ],
)  # fmt: skip
def test_the_column_that_is_left_is_the_prediction_and_the_label(here, text, columns, options):
    values = {name: [1, 2] for name in columns}
    text("p.csv", table(values))
    text("l.csv", table(values))
    ran = here("eval", "p.csv", "l.csv", "-l", "rmse", *options, "--json")
    assert ran.code == 0, ran.err
    first = json.loads(ran.out)["results"][0]
    assert (first["pred"], first["value"]) == (
        columns[-1] if columns != ["SalePrice", "Unnamed: 0"] else "SalePrice",
        0,
    )


def test_columns_that_tell_rows_alone_are_no_prediction(here, text):
    text("p.csv", table({"id": [1], "date": [1]}))
    text("l.csv", table({"label": [1]}))
    ran = here("eval", "p.csv", "l.csv", "-l", "mse").block()
    assert (ran.code, "`id`, `date`" in ran.err) == (3, True)


def test_a_slice_may_be_the_label_itself(here, text):
    text("c.csv", table({"pred": [1, 2], "label": [1, 2]}))
    ran = here("eval", "c.csv", "-l", "mse", "--by", "label", "--json")
    assert [r["value"] for r in json.loads(ran.out)["results"]] == [0.0, 0.0, 0.0]


# ---------------------------------------------------------------------- JSON lines and hints


def test_columns_of_json_lines_are_those_of_all_objects_of_the_first_block(value, text):
    text(
        "a.jsonl",
        ['{"pred": 1, "label": 1}', '{"pred": 2, "label": 4, "w": 3}', '{"pred": 2, "label": 4, "w": 1}'],
    )
    assert value("a.jsonl", "-l", "mse", "-w", "w", "--nan", "drop") == 4.0


@pytest.mark.parametrize("option", ["--weight", "--pred", "--where", "--by", "--columns"])
def test_a_column_of_json_lines_that_begins_later_is_found_when_it_is_named(here, text, option):
    row = '{"pred": 1, "label": 2}'
    text("a.jsonl", [row] * (2 + (1 << 20) // len(row)) + ['{"pred": 1, "label": 4, "naïve": 3}'])
    named = {"--where": "`naïve` > 2"}.get(option, "naïve")
    more = ["--worst", "1"] if option == "--columns" else ["--nan", "drop"]
    ran = here("eval", "a.jsonl", "-l", "mse", option, named, *more, "--json")
    assert ran.code == 0, ran.err
    value = json.loads(ran.out)["results"][0]["value"]
    assert option in ("--by", "--columns") or value == (1.0 if option == "--pred" else 9.0)


def test_a_column_that_no_object_has_is_refused(here, text):
    text("a.jsonl", ['{"pred": 1, "label": 2, "t": "w"}'] * 3)
    ran = here("eval", "a.jsonl", "-l", "mse", "-w", "w").block()
    assert (ran.code, "there is no column `w`" in ran.err) == (3, True)


@pytest.mark.parametrize(
    "options",
    [["--pred", "FORECAST"], ["--label", "Forecast"], ["-w", "FORECAST"], ["--by", "FORECAST"], ["--where", "FORECAST > 1"],
     ["--columns", "FORECAST", "--worst", "1"], ["--pred", "Forcast"], ["--pred", "mean=FORECAST"]],
)  # fmt: skip
def test_a_name_in_another_case_is_hinted_at(here, text, options):
    text("c.csv", table({"pred": [1], "label": [1], "forecast": [1]}))
    ran = here("eval", "c.csv", "-l", "mse", *options).block()
    assert (ran.code, ran.err.splitlines()[-1]) == (3, "hint:  did you mean `forecast`?")
