"""Lists of labels in one column: the same numbers as columns of 0 and 1, in every format that can hold them."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest
from sklearn import metrics
from sklearn.preprocessing import MultiLabelBinarizer

CLASSES = ["bird", "cat", "cow", "dog"]
LOSSES = {
    "hamming": metrics.hamming_loss,
    "subset_zero_one": metrics.zero_one_loss,
    "samples_f1:zero_division=zero": lambda y, p: metrics.f1_score(y, p, average="samples", zero_division=0),
    "samples_jaccard:zero_division=zero": lambda y, p: metrics.jaccard_score(
        y, p, average="samples", zero_division=0
    ),
    "f1": lambda y, p: metrics.f1_score(y, p, average="macro"),
    "precision": lambda y, p: metrics.precision_score(y, p, average="macro"),
    "recall": lambda y, p: metrics.recall_score(y, p, average="macro"),
    "jaccard": lambda y, p: metrics.jaccard_score(y, p, average="macro"),
}
EVERY = [*LOSSES, "hamming_count", "zero_one", "log_loss", "multilabel_log_loss", "mcc"]


def drawn(rows=150, seed=5):
    """Two columns of lists; each class stands in both."""
    rng = np.random.default_rng(seed)
    return [
        [
            [CLASSES[at] for at in rng.permutation(4) if there[at]]
            for there in rng.random((rows, 4)) < (0.5, 0.3, 0.2, 0.6)
        ]
        for _ in range(2)
    ]


LABELS, PREDS = drawn()


def indicators(lists, classes=CLASSES):
    return MultiLabelBinarizer(classes=classes).fit_transform(lists)


def asked(losses=EVERY):
    return [word for loss in losses for word in ("-l", loss)]


def values(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["metrics"]


@pytest.fixture
def as_columns(here, text):
    """The values that columns of 0 and 1 have."""
    heads = [f"{side}_{name}" for side in "yp" for name in CLASSES]
    cells = np.hstack([indicators(LABELS), indicators(PREDS)])
    text("columns.csv", [",".join(heads), *(",".join(map(str, row)) for row in cells.tolist())])
    return values(here("eval", "columns.csv", "-p", "p_*", "-y", "y_*", *asked(), "--json"))


def write(tmp_path, text, parquet, format):
    """The lists as a file of one format; the words that name it."""
    types = {"parquet": pa.list_(pa.string()), "large": pa.large_list(pa.large_string())}
    if format in types:
        columns = {name: pa.array(lists, types[format]) for name, lists in (("y", LABELS), ("p", PREDS))}
        return [parquet("lists.parquet", columns, row_group_size=40)]
    if format == "dictionary":
        coded = pa.list_(pa.dictionary(pa.int32(), pa.string()))
        table = pa.table({"y": pa.array(LABELS, coded), "p": pa.array(PREDS, coded)})
        with pa.ipc.new_file(tmp_path / "lists.arrow", table.schema) as file:
            file.write_table(table, max_chunksize=33)
        return ["lists.arrow"]
    if format == "jsonl":
        rows = [json.dumps({"y": y, "p": p}) for y, p in zip(LABELS, PREDS, strict=True)]
        return [text("lists.jsonl", rows)]
    cells = [[" | ".join(held) or "|" for held in lists] for lists in (LABELS, PREDS)]
    rows = ["y,p", *(",".join(row) for row in zip(*cells, strict=True))]
    return [text("lists.csv", rows), "--dialect", "list=pipe"]


@pytest.mark.parametrize("format", ["parquet", "large", "dictionary", "jsonl", "csv"])
@pytest.mark.parametrize("how", [[], ["--chunk-rows", "7", "--jobs", "1"], ["--jobs", "4"]])
def test_lists_have_the_bits_of_columns_of_0_and_1(here, text, parquet, tmp_path, as_columns, format, how):
    file = write(tmp_path, text, parquet, format)
    assert values(here("eval", *file, "-p", "p", "-y", "y", *asked(), "--json", *how)) == as_columns


def test_lists_agree_with_scikit_learn(here, text, parquet, tmp_path):
    file = write(tmp_path, text, parquet, "parquet")
    found = values(here("eval", *file, "-p", "p", "-y", "y", *asked(LOSSES), "--json"))
    truth, said = indicators(LABELS), indicators(PREDS)
    for name, oracle in LOSSES.items():
        assert found[name] == pytest.approx(float(oracle(truth, said)), rel=1e-12), name


def test_average_none_has_one_result_a_label_in_their_order(here, text):
    text("lists.jsonl", ['{"y": ["b", 10], "p": ["b"]}', '{"y": [2], "p": [2, 10, "b"]}'])
    ran = here("eval", "lists.jsonl", "-p", "p", "-y", "y", "-l", "recall", "--average", "none", "--json")
    results = json.loads(ran.out)["results"]
    assert [(r["part"], r["value"]) for r in results] == [
        ({"output": "2"}, 1.0), ({"output": "10"}, 0.0), ({"output": "b"}, 1.0),
    ]  # fmt: skip


def test_the_classes_are_those_of_both_files(here, parquet):
    """`hamming` divides by three: `a` and `c` are on one side each."""
    parquet("preds.parquet", {"p": [["a", "b"], ["b"]]})
    parquet("labels.parquet", {"y": [["b"], ["c"]]})
    ran = here("eval", "preds.parquet", "labels.parquet", "-l", "hamming", "-f", "value")
    assert ran.out == f"{3 / 6!r}\n"


def test_classes_adds_a_class_that_no_row_has(here, parquet):
    parquet("lists.parquet", {"y": [["a"], ["b"]], "p": [["a"], ["a"]]})
    told = here(
        "eval", "lists.parquet", "-y", "y", "-p", "p", "-l", "hamming", "--classes", "a,b,c,d", "--json"
    )
    assert values(told) == {"hamming": 2 / 8}
    found = here("eval", "lists.parquet", "-y", "y", "-p", "p", "-l", "hamming", "--json")
    signatures = [json.loads(ran.out)["results"][0]["signature"] for ran in (told, found)]
    assert [s.rpartition("|")[2] for s in signatures] == ["classes:a,b,c,d", "classes:a,b"]


def test_a_label_twice_in_a_list_is_refused(here, text):
    text("lists.jsonl", ['{"y": ["a"], "p": ["b"]}', '{"y": ["a", "c", "a"], "p": ["b"]}'])
    ran = here("eval", "lists.jsonl", "-y", "y", "-p", "p", "-l", "hamming").block()
    assert ran.code == 3
    assert ran.err.startswith("error: lists.jsonl, column `y`, row 2: `a` stands twice in the list")


def test_labels_in_lists_are_read_as_class_labels_are(here, text):
    """1, 1.0, "1" and true are one class."""
    text("lists.jsonl", ['{"y": [1], "p": ["1"]}', '{"y": [1.0], "p": [true]}', '{"y": [2], "p": ["2.0"]}'])
    ran = here("eval", "lists.jsonl", "-y", "y", "-p", "p", "-l", "hamming", "-f", "value")
    assert ran.out == "0.0\n"


@pytest.mark.parametrize("loss", ["hamming", "samples_f1", "subset_zero_one", "f1", "zero_one"])
def test_lists_of_one_class_are_measured(here, text, loss):
    text("lists.jsonl", ['{"y": ["a"], "p": ["a"]}', '{"y": ["a"], "p": []}', '{"y": [], "p": ["a"]}'])
    ran = here("eval", "lists.jsonl", "-y", "y", "-p", "p", "-l", loss, "-f", "value")
    expected = {"f1": 0.5, "samples_f1": 1 / 3}.get(loss, 2 / 3)
    assert ran.out == f"{expected!r}\n"


def test_a_list_beside_columns_named_for_its_labels(here, text):
    text("lists.csv", ["y;p_cat;p_dog", "cat|dog;0.9;0.2", "dog;0.3;0.8", "|;0.1;0.1"])
    text("columns.csv", ["y_cat,y_dog,p_cat,p_dog", "1,1,0.9,0.2", "0,1,0.3,0.8", "0,0,0.1,0.1"])
    losses = asked(["multilabel_log_loss", "hamming", "log_loss", "f1", "ranking_loss"])
    lists = here("eval", "lists.csv", "--dialect", "list=pipe", "-p", "p_*", "-y", "y", *losses, "--json")
    columns = here("eval", "columns.csv", "-p", "p_*", "-y", "y_*", *losses, "--json")
    assert values(lists) == values(columns)
    text("preds.jsonl", ['{"p": ["cat"]}', '{"p": []}', '{"p": ["dog", "cat"]}'])
    ran = here("eval", "preds.jsonl", "columns.csv", "-y", "y_*", "-l", "hamming", "-f", "value")
    assert ran.out == f"{4 / 6!r}\n"


def test_lists_are_paired_by_key_filtered_and_sliced(here, parquet):
    ids = list(range(len(LABELS)))
    parquet("labels.parquet", {"id": [f"k{i}" for i in ids], "y": LABELS, "half": [i % 2 for i in ids]})
    order = ids[::-1]
    parquet("preds.parquet", {"id": [f"k{i}" for i in order], "p": [PREDS[i] for i in order]})
    ran = here(
        "eval", "preds.parquet", "labels.parquet", "-p", "p", "-y", "y", "--on", "id", "--by", "half",
        "-l", "hamming", "--json",
    )  # fmt: skip
    found = [r["value"] for r in json.loads(ran.out)["results"]]
    truth, said = indicators(LABELS), indicators(PREDS)
    assert found == [
        np.mean(truth[at] != said[at]) for at in (slice(None), slice(0, None, 2), slice(1, None, 2))
    ]


def test_rows_out_holds_the_lists(here, parquet, tmp_path):
    parquet("lists.parquet", {"y": [["b", "a"]], "p": [["a"]]})
    here("eval", "lists.parquet", "-y", "y", "-p", "p", "-l", "hamming", "--rows-out", "rows.jsonl")
    assert json.loads((tmp_path / "rows.jsonl").read_text()) == {
        "row": 1, "label": '["a", "b"]', "pred": '["a"]', "hamming": 0.5,
    }  # fmt: skip


def test_compare_takes_lists(here, parquet):
    parquet("base.parquet", {"p": [["a"], ["b"], ["a"]], "y": [["a", "b"], ["b"], ["a"]]})
    parquet("head.parquet", {"p": [["a", "b"], ["b"], ["a"]], "y": [["b", "a"], ["b"], ["a"]]})
    ran = here("compare", "base.parquet", "head.parquet", "-p", "p", "-y", "y", "-l", "hamming", "--json")
    (one,) = json.loads(ran.out)["comparisons"]
    assert (one["base"]["value"], one["head"]["value"]) == (1 / 6, 0.0)


# ── what is wrong ──


WRONG = {
    "a hole": (
        ['{"y": ["a"], "p": ["a"]}', '{"y": ["a", null], "p": ["a"]}'],
        "column `y`, row 2: label 2 of the list is missing",
    ),
    "no list": (
        ['{"y": ["a"], "p": ["a"]}', '{"y": "a", "p": ["a"]}'],
        'column `y`, row 2: `"a"` is no list',
    ),
    "a fraction": (
        ['{"y": null, "p": ["a"]}', '{"y": ["a"], "p": [0.5]}'],
        "column `p`, row 2: `0.5` in the list is no label",
    ),
    "a list in a list": (['{"y": [["a"]], "p": ["a"]}'], "column `y`, row 1: a list is no label"),
    "a missing list": (
        ['{"y": ["a"], "p": ["a"]}', '{"y": ["b"], "p": null}'],
        "column `p`, row 2: the value is missing",
    ),
    "no label at all": (['{"y": [], "p": []}'], "column `y`: no row has a label"),
}


@pytest.mark.parametrize("rows, said", WRONG.values(), ids=WRONG)
def test_what_is_wrong_in_a_list_is_told_with_file_column_and_row(here, text, rows, said):
    text("lists.jsonl", rows)
    ran = here("eval", "lists.jsonl", "-y", "y", "-p", "p", "-l", "hamming").block()
    assert ran.code == 3
    assert ran.err.startswith(f"error: lists.jsonl, {said}")


@pytest.mark.parametrize(
    "columns, said",
    [
        (
            {"y": [["a"], ["a", None]], "p": [["a"], ["a"]]},
            "column `y`, row 2: label 2 of the list is missing",
        ),
        ({"y": [["a"], ["b"]], "p": [[1.0], [0.25]]}, "column `p`, row 2: `0.25` in the list is no label"),
        ({"y": [["a"]], "p": [[{"b": 1}]]}, "column `p`: it is of type `list<element: struct<b: int64>>`"),
        ({"y": [["a"], None], "p": [["a"], ["a"]]}, "column `y`, row 2: the value is missing"),
    ],
)
def test_what_is_wrong_in_a_list_of_parquet_is_told(here, parquet, columns, said):
    parquet("lists.parquet", columns)
    ran = here("eval", "lists.parquet", "-y", "y", "-p", "p", "-l", "hamming").block()
    assert ran.code == 3
    assert ran.err.startswith(f"error: lists.parquet, {said}")


def test_an_empty_cell_is_missing_and_the_mark_alone_is_no_label(here, text):
    text("lists.csv", ["y,p", "a,a", "|,a", ",a"])
    words = ["eval", "lists.csv", "--dialect", "list=pipe", "-y", "y", "-p", "p", "-l", "hamming"]
    assert "row 3: the value is missing" in here(*words).block().err
    dropped = here(*words, "--nan", "drop", "--json")
    assert values(dropped) == {"hamming": 0.5}
    text("lists.csv", ["y,p", "a,a", "a||b,a"])
    ran = here(*words).block()
    assert ran.err.startswith("error: lists.csv, column `y`, row 2: label 2 of the list is missing")


def test_columns_of_roles_of_their_own_are_numbers_beside_a_label_that_could_be_a_list(here, text):
    text("ends.csv", ["y,low,high", "1,0,2", "5,0,2"])
    words = ["eval", "ends.csv", "--dialect", "list=pipe", "-y", "y", "-p", "lower=low,upper=high"]
    assert values(here(*words, "-l", "coverage", "--json")) == {"coverage": 0.5}


def test_a_label_that_is_no_class_is_told_with_its_row(here, parquet):
    parquet("lists.parquet", {"y": [["a"], ["b"], ["c"]], "p": [["a"], ["b"], ["a"]]})
    words = ["eval", "lists.parquet", "-y", "y", "-p", "p", "-l", "hamming", "--classes", "a,b"]
    ran = here(*words).block()
    assert ran.code == 3
    assert ran.err.startswith("error: lists.parquet, column `y`, row 3: no class is called `c`")


def test_a_row_that_where_leaves_out_is_not_checked(here, parquet):
    parquet("lists.parquet", {"y": [["a"], ["b"], ["c"]], "p": [["a"], ["b"], ["a"]], "n": [1, 2, 3]})
    words = ["eval", "lists.parquet", "-y", "y", "-p", "p", "-l", "hamming", "--classes", "a,b"]
    assert values(here(*words, "--where", "n < 3", "--json")) == {"hamming": 0.0}


def test_lists_on_one_side_only_are_refused(here, parquet):
    parquet("lists.parquet", {"y": [["a"], ["b"]], "p": ["a", "b"]})
    ran = here("eval", "lists.parquet", "-y", "y", "-p", "p", "-l", "hamming").block()
    assert (ran.code, "`y` holds lists of labels, and `p` does not" in ran.err) == (2, True)


def test_standard_input_needs_the_classes(losscli, text):
    rows = b'{"y": ["a"], "p": ["a"]}\n{"y": ["b"], "p": ["a"]}\n'
    words = ["eval", "-", "--input-format", "jsonl", "-y", "y", "-p", "p", "-l", "hamming", "-f", "value"]
    ran = losscli(*words, input=rows).block()
    assert ran.code == 2
    assert "--classes" in ran.err
    assert losscli(*words, "--classes", "a,b", input=rows).out == "0.5\n"


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.int32()), pa.large_list(pa.uint8()), pa.list_(pa.float64()), pa.list_(pa.int64(), 2)],
    ids=str,
)
def test_lists_of_numbers_are_lists_of_whole_classes(here, parquet, kind):
    """Of three classes and three rows, 10 is missing once and 2 is there too often once."""
    labels, preds = [[2, 10], [7, 10], [7, 2]], [[10, 2], [7, 2], [2, 7]]
    parquet("lists.parquet", {"y": pa.array(labels, kind), "p": pa.array(preds, kind)}, row_group_size=2)
    words = ["eval", "lists.parquet", "-y", "y", "-p", "p", "-l", "hamming"]
    assert here(*words, "--chunk-rows", "1", "-f", "value").out == f"{2 / 9!r}\n"
    parts = json.loads(here(*words[:-1], "recall", "--average", "none", "--json").out)["results"]
    assert [r["part"]["output"] for r in parts] == ["2", "7", "10"]
