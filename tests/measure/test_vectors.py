"""Lists of numbers: vectors under losses of numbers, class columns under losses of classes, and what is no set of labels."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest

PREDS, LABELS = [[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [3.0, 4.0]]
# By hand: squares 0, 4, 0, 0; cosines 1/√5 and 1; distances 2 and 0.
EXPECTED = {
    "mse": 1.0,
    "mae": 0.5,
    "max_error": 1.0,
    "cosine_distance": (1 - 5**-0.5) / 2,
    "euclidean": 1.0,
    "manhattan": 1.0,
    "expr:(pred - label) ** 2": 1.0,
}
FORMATS = {
    "list of int64": pa.list_(pa.int64()),
    "list of double": pa.list_(pa.float64()),
    "large list of float": pa.large_list(pa.float32()),
    "fixed-size list": pa.list_(pa.float64(), 2),
    "fixed-size list of half": pa.list_(pa.float16(), 2),
    "list of decimal": pa.list_(pa.decimal128(9, 2)),
}


def values(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["metrics"]


def asked(losses=tuple(EXPECTED)):
    return [word for loss in losses for word in ("-l", loss)]


def typed(rows, kind):
    if kind.value_type == pa.float16():
        rows = [[np.float16(value) for value in row] for row in rows]
    if pa.types.is_decimal(kind.value_type):
        from decimal import Decimal

        rows = [[Decimal(str(value)) for value in row] for row in rows]
    if pa.types.is_integer(kind.value_type):
        rows = [[int(value) for value in row] for row in rows]
    return pa.array(rows, kind)


def written(tmp_path, text, parquet, format):
    """One file of both columns; the words that name it."""
    if format in FORMATS:
        columns = {name: typed(rows, FORMATS[format]) for name, rows in (("label", LABELS), ("pred", PREDS))}
        return [parquet("v.parquet", columns, row_group_size=1)]
    if format == "arrow":
        table = pa.table({"label": LABELS, "pred": PREDS})
        with pa.ipc.new_file(tmp_path / "v.arrow", table.schema) as file:
            file.write_table(table, max_chunksize=1)
        return ["v.arrow"]
    if format == "sliced fixed-size list":
        kind = pa.list_(pa.float64(), 2)
        label, pred = (pa.array([[9.0, 9.0], *rows], kind) for rows in (LABELS, PREDS))
        batch = pa.record_batch({"label": label, "pred": pred}).slice(1)
        with pa.ipc.new_stream(tmp_path / "v.arrow", batch.schema) as file:
            file.write_batch(batch)
        return ["v.arrow"]
    rows = list(zip(LABELS, PREDS, strict=True))
    if format == "jsonl":
        return [text("v.jsonl", [json.dumps({"label": y, "pred": p}) for y, p in rows])]
    if format == "json in csv":
        lines = [f"{y};{p}" for y, p in rows]
        return [text("v.csv", ["label;pred", *lines]), "--dialect", "list=json"]
    if format == "quoted json in csv":
        return [text("v.csv", ["label,pred", *(f'"{y}","{p}"' for y, p in rows)]), "--dialect", "list=json"]
    lines = [",".join(" | ".join(map(str, side)) for side in row) for row in rows]
    return [text("v.csv", ["label,pred", *lines]), "--dialect", "list=pipe"]


OTHERS = ["arrow", "sliced fixed-size list", "jsonl", "csv", "json in csv", "quoted json in csv"]


@pytest.mark.parametrize("format", [*FORMATS, *OTHERS])
@pytest.mark.parametrize("how", [[], ["--chunk-rows", "1", "--jobs", "1"]], ids=["whole", "by row"])
def test_lists_of_numbers_are_vectors_in_every_format(here, text, parquet, tmp_path, format, how):
    words = written(tmp_path, text, parquet, format)
    assert values(here("eval", *words, *asked(), "--json", *how)) == EXPECTED


def test_vectors_have_the_bits_of_columns_and_parts_named_for_their_places(here, text, parquet):
    rng = np.random.default_rng(3)
    label, pred = rng.normal(size=(2, 500, 3))
    kind = pa.list_(pa.float64(), 3)
    parquet("v.parquet", {"label": pa.array(label.tolist(), kind), "pred": pa.array(pred.tolist(), kind)})
    columns = {
        f"{name}{at}": values[:, at] for name, values in (("y", label), ("p", pred)) for at in range(3)
    }
    parquet("c.parquet", columns)
    losses = asked(["mse", "r2", "huber:delta=1", "cosine_distance", "pearson", "medae" if False else "mape"])
    vectors = here("eval", "v.parquet", *losses, "--json")
    assert values(vectors) == values(here("eval", "c.parquet", "-y", "y*", "-p", "p*", *losses, "--json"))
    parts = here("eval", "v.parquet", "-l", "mse", "--average", "none", "--json")
    results = json.loads(parts.out)["results"]
    assert [r["part"]["output"] for r in results] == ["label[0]", "label[1]", "label[2]"]
    assert [r["value"] for r in results] == pytest.approx(
        ((label - pred) ** 2).mean(axis=0).tolist(), rel=1e-12
    )


def test_vectors_are_paired_by_key_spilled_sliced_and_filtered(here, parquet):
    rows = 300
    rng = np.random.default_rng(4)
    label, pred = rng.normal(size=(2, rows, 4))
    order = rng.permutation(rows)
    parquet("y.parquet", {"id": list(range(rows)), "v": label.tolist(), "g": [i % 2 for i in range(rows)]})
    parquet("p.parquet", {"id": order.tolist(), "v": pred[order].tolist()})
    words = [
        "eval",
        "p.parquet",
        "y.parquet",
        "-p",
        "v",
        "-y",
        "v",
        "--on",
        "id",
        "-l",
        "euclidean",
        "--json",
    ]
    each = np.sqrt(((label - pred) ** 2).sum(axis=1))
    for more in ([], ["--memory", "16M"], ["--chunk-rows", "7"]):
        ran = here(*words, "--by", "g", *more)
        found = [r["value"] for r in json.loads(ran.out)["results"]]
        assert found == pytest.approx([each.mean(), each[::2].mean(), each[1::2].mean()], rel=1e-12)
    assert values(here(*words, "--where", "g == 1"))["euclidean"] == pytest.approx(
        each[1::2].mean(), rel=1e-12
    )


def test_a_missing_vector_and_a_missing_number_in_one_are_missing_values(here, text):
    text("v.jsonl", [
        '{"label": [1, 2], "pred": [1, 2]}', '{"label": [1, null], "pred": [1, 2]}', '{"label": null, "pred": [1, 2]}',
        '{"label": [3, 4], "pred": [3, 6]}',
    ])  # fmt: skip
    ran = here("eval", "v.jsonl", "-l", "mse").block()
    assert (ran.code, "v.jsonl, column `label[1]`, row 2: the value is missing" in ran.err) == (3, True)
    assert values(here("eval", "v.jsonl", "-l", "mse", "--nan", "drop", "--json")) == {"mse": 1.0}


@pytest.mark.parametrize("null_first", [False, True])
def test_missing_vectors_of_parquet_are_missing_values(here, parquet, null_first):
    label, pred = [[1.0, 2.0], None, [3.0, 4.0]], [[1.0, 2.0], [9.0, 9.0], [3.0, 6.0]]
    if null_first:
        label, pred = [label[1], label[0], label[2]], [pred[1], pred[0], pred[2]]
    for kind in (pa.list_(pa.float64()), pa.list_(pa.float64(), 2)):
        parquet("v.parquet", {"label": pa.array(label, kind), "pred": pa.array(pred, kind)})
        assert values(here("eval", "v.parquet", "-l", "mse", "--nan", "drop", "--json")) == {"mse": 1.0}


def test_two_embedding_columns_have_the_roles_of_a_pair(here, parquet):
    parquet("v.parquet", {"a": [[1.0, 0.0], [0.0, 1.0]], "b": [[1.0, 0.0], [0.0, -1.0]], "label": [1, -1]})
    ran = here(
        "eval", "v.parquet", "-p", "first=a,second=b", "-y", "label", "-l", "cosine_embedding", "--json"
    )
    assert values(ran) == {"cosine_embedding": 0.0}
    assert values(here("eval", "v.parquet", "-p", "a", "-y", "b", "-l", "cosine_distance", "--json")) == {
        "cosine_distance": 1.0
    }


def test_a_vector_stands_beside_as_many_columns(here, text):
    text("v.jsonl", ['{"v": [1, 2], "a": 1, "b": 0}', '{"v": [3, 4], "a": 3, "b": 4}'])
    for roles in (["-p", "v", "-y", "a,b"], ["-p", "a,b", "-y", "v"]):
        assert values(here("eval", "v.jsonl", *roles, "-l", "mse", "--json")) == {"mse": 1.0}


# ── lists of probabilities ──


@pytest.mark.parametrize(
    "loss, expected",
    [
        ("cross_entropy", (-np.log(0.7) - np.log(0.5)) / 2),
        ("brier", (0.3**2 + 0.2**2 + 0.1**2 + 0.5**2 + 0.5**2) / 2),
        ("accuracy", 1.0),
        ("top_k_error:k=1", 0.0),
    ],
)
@pytest.mark.parametrize("format", ["jsonl", "parquet", "csv"])
def test_a_list_of_probabilities_is_the_class_columns_from_0_on(here, text, parquet, format, loss, expected):
    labels, preds = [0, 2], [[0.7, 0.2, 0.1], [0.5 - 0.5, 0.5, 0.5]]
    preds[1] = [0.0, 0.5, 0.5]
    if loss in ("accuracy", "top_k_error:k=1"):
        preds[1] = [0.0, 0.4, 0.6]
    if format == "jsonl":
        file = [
            text("v.jsonl", [json.dumps({"label": y, "pred": p}) for y, p in zip(labels, preds, strict=True)])
        ]
    elif format == "parquet":
        file = [parquet("v.parquet", {"label": labels, "pred": preds})]
    else:
        lines = [f"{y},{'|'.join(map(str, p))}" for y, p in zip(labels, preds, strict=True)]
        file = [text("v.csv", ["label,pred", *lines]), "--dialect", "list=pipe"]
    assert values(here("eval", *file, "-l", loss, "--json"))[loss] == pytest.approx(expected, rel=1e-12)


def test_classes_names_the_places_of_a_list_of_probabilities(here, text):
    text("v.jsonl", ['{"label": "dog", "pred": [0.1, 0.9]}', '{"label": "cat", "pred": [0.6, 0.4]}'])
    ran = here("eval", "v.jsonl", "-l", "cross_entropy", "--classes", "cat,dog", "--json")
    assert values(ran)["cross_entropy"] == pytest.approx(-(np.log(0.9) + np.log(0.6)) / 2, rel=1e-12)
    ran = here("eval", "v.jsonl", "-l", "cross_entropy").block()
    assert (ran.code, "`dog`" in ran.err) == (3, True)


def test_two_lists_of_shares_are_soft_labels(here, text):
    text("v.jsonl", ['{"label": [0.5, 0.5], "pred": [0.5, 0.5]}'])
    found = values(here("eval", "v.jsonl", "-l", "cross_entropy", "-l", "kl", "--json"))
    assert found == {"cross_entropy": pytest.approx(np.log(2.0), rel=1e-12), "kl": 0.0}


def test_raw_scores_in_a_list_are_whole_numbers_too(here, text):
    text("v.jsonl", ['{"label": 1, "pred": [0, 2]}'])
    ran = here("eval", "v.jsonl", "-l", "cross_entropy", "--from-logits", "--json")
    assert values(ran)["cross_entropy"] == pytest.approx(np.log(1 + np.exp(-2.0)), rel=1e-12)


@pytest.mark.parametrize("preds", [[[5, 7], [7, 5]], [[5, 5], [7, 7]], [[1, 2], [2, 1]], [[0, 1], [1, 0]]])
def test_ids_in_a_list_are_no_scores_of_classes(here, parquet, preds):
    """The class of the greatest id would be a silent nonsense."""
    file = parquet("v.parquet", {"label": [0, 1], "pred": preds})
    ran = here("eval", file, "-l", "accuracy").block()
    assert (ran.code, "holds lists" in ran.err, "--from-logits" in ran.err) == (2, True, True)


def test_indicators_of_a_predicted_class_are_its_scores(here, parquet):
    file = parquet("v.parquet", {"label": [2, 1], "pred": [[0, 0, 1], [1, 0, 0]]})
    assert values(here("eval", file, "-l", "accuracy", "--json")) == {"accuracy": 0.5}


def test_sets_of_labels_stand_beside_lists_of_probabilities(here, text):
    text("v.jsonl", ['{"label": [0, 2], "pred": [0.9, 0.2, 0.8]}', '{"label": [1], "pred": [0.1, 0.7, 0.6]}'])
    assert values(here("eval", "v.jsonl", "-l", "hamming", "--json")) == {"hamming": 1 / 6}


# ── lists that are no sets of labels ──

HOT = {
    "two labels": [([0, 1, 0], [0, 1, 0])],
    "each once": [([1, 0], [0, 1])],
    "each once in every row": [([0, 1], [1, 0]), ([1, 0], [1, 0])],
    "a label twice": [([3, 3], [3])],
}


@pytest.mark.parametrize("rows", HOT.values(), ids=HOT)
@pytest.mark.parametrize("format", ["jsonl", "parquet", "fixed", "pipe", "json"])
@pytest.mark.parametrize("loss", ["hamming", "samples_f1", "f1", "multilabel_log_loss"])
def test_indicators_in_lists_are_refused_with_a_hint(here, text, parquet, rows, format, loss):
    labels, preds = ([row[at] for row in rows] for at in (0, 1))
    if format == "jsonl":
        file = [text("v.jsonl", [json.dumps({"label": y, "pred": p}) for y, p in rows])]
    elif format in ("parquet", "fixed"):
        fixed = format == "fixed" and len({len(one) for one in (*labels, *preds)}) == 1
        kind = pa.list_(pa.int64(), len(labels[0])) if fixed else pa.list_(pa.int8())
        file = [parquet("v.parquet", {"label": pa.array(labels, kind), "pred": pa.array(preds, kind)})]
    elif format == "pipe":
        lines = [";".join("|".join(map(str, side)) for side in row) for row in rows]
        file = [text("v.csv", ["label;pred", *lines]), "--dialect", "list=pipe"]
    else:
        file = [text("v.csv", ["label;pred", *(f"{y};{p}" for y, p in rows)]), "--dialect", "list=json"]
    ran = here("eval", *file, "-l", loss).block()
    assert ran.code == 3
    assert f"{file[0]}, column `label`, row 1: " in ran.err
    assert "hint:  a list names each label of its row once; of 0 and 1" in ran.err


def test_ids_0_and_1_beside_others_are_labels(here, text):
    text("v.jsonl", ['{"label": [0, 1], "pred": [1, 0]}', '{"label": [1], "pred": [0]}'])
    assert values(here("eval", "v.jsonl", "-l", "hamming", "--json")) == {"hamming": 0.5}


# ── what is told ──

WRONG = {
    "another length": (
        ['{"label": [1, 2], "pred": [1, 2]}', '{"label": [1, 2], "pred": [1, 2, 3]}'],
        "v.jsonl, column `pred`, row 2: the list has 3 numbers",
    ),
    "an empty list": (
        ['{"label": [1, 2], "pred": [1, 2]}', '{"label": [], "pred": [1, 2]}'],
        "v.jsonl, column `label`, row 2: the list has 0 numbers",
    ),
    "lengths of two columns": (
        ['{"label": [1, 2], "pred": [1, 2, 3]}'],
        "v.jsonl, column `pred`, row 1: the list has 3 numbers",
    ),
    "no number": (
        ['{"label": [1, 2], "pred": [1, 2]}', '{"label": [1, "x"], "pred": [1, 2]}'],
        "v.jsonl, column `label`, row 2: `x` is not a number",
    ),
    "no double": (
        ['{"label": [1, 9007199254740993], "pred": [1, 2]}'],
        "v.jsonl, column `label`, row 1: `9007199254740993` is no double",
    ),
    "no list": (
        ['{"label": [1, 2], "pred": [1, 2]}', '{"label": 3, "pred": [1, 2]}'],
        "v.jsonl, column `label`, row 2: `3` is no list",
    ),
    "text": (['{"label": ["a"], "pred": ["b"]}'], "v.jsonl, column `label`: its lists hold no numbers"),
    "outside": (
        ['{"label": [1, 2], "pred": [1, 2]}', '{"label": [1, 2], "pred": [1, Infinity]}'],
        "v.jsonl, column `pred[1]`, row 2: ",
    ),
}


@pytest.mark.parametrize("rows, said", WRONG.values(), ids=WRONG)
def test_what_is_wrong_in_a_vector_is_told_with_file_column_and_row(here, text, rows, said):
    text("v.jsonl", rows)
    ran = here("eval", "v.jsonl", "-l", "mse").block()
    assert ran.code == 3
    assert ran.err.startswith(f"error: {said}")


@pytest.mark.parametrize("format", ["parquet", "pipe", "json"])
def test_unequal_lengths_are_told_in_every_format(here, text, parquet, format):
    rows = [([1, 2], [1, 2]), ([1, 2], [1]), ([1, 2], [1, 2])]
    if format == "parquet":
        labels, preds = ([row[at] for row in rows] for at in (0, 1))
        file = [parquet("v.parquet", {"label": labels, "pred": preds})]
    elif format == "pipe":
        lines = [";".join("|".join(map(str, side)) for side in row) for row in rows]
        file = [text("v.csv", ["label;pred", *lines]), "--dialect", "list=pipe"]
    else:
        file = [text("v.csv", ["label;pred", *(f"{y};{p}" for y, p in rows)]), "--dialect", "list=json"]
    for more in ([], ["--chunk-rows", "1"]):
        ran = here("eval", *file, "-l", "mse", *more).block()
        assert ran.code == 3
        assert ran.err.startswith(f"error: {file[0]}, column `pred`, row 2: the list has 1 number\n")


def test_a_text_that_is_written_as_a_list_is_one_class_and_says_so(here, text):
    text("v.csv", ["label;pred", "a;a", "['a','b'];['b','a']", "[1, 2];[1, 2]"])
    ran = here("eval", "v.csv", "-l", "accuracy", "--json")
    assert values(ran) == {"accuracy": 2 / 3}
    (result,) = json.loads(ran.out)["results"]
    for column in ("label", "pred"):
        assert f"`{column}` in row 2" in result["note"]
    assert "`--dialect list=json`" in result["note"]
    text("w.csv", ["a;b;label", "a;a;a", "b;a;b", "a;['a'];a"])
    compared = here("compare", "w.csv", "-p", "a", "-p", "b", "-y", "label", "-l", "accuracy")
    assert "written as lists are one class each (`b` in row 3)" in compared.err
    lists = here("eval", "v.csv", "--dialect", "list=json", "-l", "hamming").block()
    assert lists.code == 3  # `a` is no list
    text("v.csv", ["label;pred", "['a'];['a']", "['a','b'];['b','a']", "[1, 2];[1]"])
    assert values(here("eval", "v.csv", "--dialect", "list=json", "-l", "hamming", "--json")) == {
        "hamming": 1 / 12
    }


def test_a_text_that_is_written_as_a_list_is_no_number_and_says_how_to_read_it(here, text):
    text("v.csv", ["label;pred", "[1, 2];[1, 2]"])
    ran = here("eval", "v.csv", "-l", "mse").block()
    assert (ran.code, "`--dialect list=json`" in ran.err) == (3, True)


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_such_a_text_of_another_format_is_to_be_stored_as_a_list(here, text, parquet, format):
    if format == "jsonl":
        file = text("v.jsonl", ['{"label": "[1, 2]", "pred": "[1, 2]"}'])
    else:
        file = parquet("v.parquet", {"label": ["[1, 2]"], "pred": ["[1, 2]"]})
    ran = here("eval", file, "-l", "mse").block()
    assert (ran.code, "hint:  store such texts as lists" in ran.err) == (3, True)
    (result,) = json.loads(here("eval", file, "-l", "accuracy", "--json").out)["results"]
    assert (result["value"], "store them as lists" in result["note"]) == (1.0, True)


# ── other roles, commands and outputs ──


@pytest.fixture
def both(parquet):
    return parquet("v.parquet", {
        "label": [[1.0, 0.0], [3.0, 4.0]], "pred": [[1.0, 2.0], [3.0, 4.0]], "tags": [["b", "a"], ["c"]], "y": [1, 2],
    })  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ["--where", "tags == 'a'"],
        ["--where", "pred > 1"],
        ["-w", "tags"],
        ["--by", "pred:bins=2"],
        ["-l", "expr:tags * 2"],
    ],
    ids=" ".join,
)
def test_lists_are_refused_where_one_value_a_row_is_needed(here, both, words):
    ran = here("eval", both, "-l", "mse", *words).block()
    assert ran.code == 3
    assert "v.parquet, column `" in ran.err
    assert "holds lists" in ran.err


def test_rows_out_worst_columns_and_slices_show_lists(here, both, tmp_path):
    ran = here(
        "eval", both, "-l", "mse", "-l", "euclidean", "--rows-out", "r.jsonl", "--columns", "tags", "--json"
    )
    assert ran.code == 0, ran.err
    first = json.loads((tmp_path / "r.jsonl").read_text().splitlines()[0])
    assert (first["label"], first["pred"], first["tags"]) == ("[1.0, 0.0]", "[1.0, 2.0]", '["b", "a"]')
    assert (first["mse[label[1]]"], first["euclidean"]) == (4.0, 2.0)
    worst = here("eval", both, "-l", "euclidean", "--worst", "1", "--columns", "tags", "-f", "table")
    assert "[1.0, 2.0]" in worst.out
    sliced = json.loads(here("eval", both, "-l", "mse", "--by", "tags", "--json").out)["results"]
    assert [r["value"] for r in sliced] == [1.0, 2.0, 0.0]


def test_compare_takes_vectors(here, parquet):
    parquet("base.parquet", {"pred": [[1.0, 2.0], [3.0, 4.0], [1.0, 1.0]], "label": LABELS + [[1.0, 1.5]]})
    parquet("head.parquet", {"pred": [[1.0, 0.0], [3.0, 4.0], [1.0, 1.0]], "label": LABELS + [[1.0, 1.5]]})
    ran = here("compare", "base.parquet", "head.parquet", "-l", "euclidean", "--json")
    (one,) = json.loads(ran.out)["comparisons"]
    assert (one["base"]["value"], one["head"]["value"]) == (2.5 / 3, 0.5 / 3)
    parquet("head.parquet", {"pred": [[1, 0], [3, 4], [1, 1]], "label": [[1, 0], [3, 4], [1, 2]]})
    parquet("base.parquet", {"pred": [[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]], "label": [*LABELS, [1.0, 2.0]]})
    ran = here("compare", "base.parquet", "head.parquet", "-l", "euclidean", "--json")
    assert json.loads(ran.out)["comparisons"][0]["head"]["value"] == 1 / 3
    parquet("other.parquet", {"pred": PREDS + [[1.0, 1.0]], "label": LABELS + [[1.0, 9.0]]})
    ran = here("compare", "base.parquet", "other.parquet", "-l", "euclidean").block()
    assert (ran.code, "row 3" in ran.err) == (3, True)


def test_standard_input_holds_vectors(losscli):
    rows = b'{"label": [1, 0], "pred": [1, 2]}\n{"label": [3, 4], "pred": [3, 4]}\n'
    assert (
        losscli("eval", "-", "--input-format", "jsonl", "-l", "mse", "-f", "value", input=rows).out == "1.0\n"
    )
    rows = b"label,pred\n1|0,1|2\n3|4,3|4\n"
    words = ["eval", "-", "--dialect", "list=pipe", "-l", "mse", "-f", "value"]
    assert losscli(*words, input=rows).out == "1.0\n"


def test_suggest_takes_vectors_for_what_they_are(here, both, text):
    found = json.loads(here("suggest", both, "-p", "pred", "-y", "label", "--json").out)
    losses = [one["loss"] for one in found["losses"]]
    assert "hamming" not in losses
    assert "cosine_distance" in losses
    text("p.jsonl", ['{"label": 0, "pred": [0.7, 0.2, 0.1]}', '{"label": 2, "pred": [0.1, 0.1, 0.8]}'])
    found = json.loads(here("suggest", "p.jsonl", "--json").out)
    assert (found["task"], found["losses"][0]["loss"]) == ("multiclass", "cross_entropy")
    text("s.jsonl", ['{"label": ["a", "b"], "pred": ["a"]}', '{"label": ["c"], "pred": ["c"]}'])
    found = json.loads(here("suggest", "s.jsonl", "--json").out)
    assert (found["task"], found["losses"][0]["loss"]) == ("multilabel", "hamming")
    text("v.csv", ["label;pred", "[1.5, 2];[1, 2]"])
    doubts = json.loads(here("suggest", "v.csv", "--json").out)["doubts"]
    assert any("`--dialect list=json`" in doubt for doubt in doubts)
    found = json.loads(here("suggest", "v.csv", "--dialect", "list=json", "--json").out)
    assert (found["task"], "--dialect list=json" in found["command"]) == ("vectors", True)
