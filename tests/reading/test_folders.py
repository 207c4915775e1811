"""Folders and globs: their files are one input, row for row and bit for bit what one file would be."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli import DataError, evaluate
from losscli.reading.listing import listed

ROWS = 90
RNG = np.random.default_rng(11)
LABEL = RNG.normal(size=ROWS)
PRED = LABEL + RNG.normal(size=ROWS)
LOSSES = ["mse", "mae", "r2", "huber"]


def csv(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def parquet(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), path)


def jsonl(path, **columns):
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    csv(tmp_path / "p.csv", pred=PRED.tolist())
    csv(tmp_path / "l.csv", label=LABEL.tolist())
    return tmp_path


@pytest.fixture
def whole(at):
    return evaluate("p.csv", "l.csv", loss=LOSSES).metrics


def cut(folder, name, values, places, writers, names):
    for start, stop, write, file in zip([0, *places], [*places, ROWS], writers, names, strict=True):
        write(folder / file, **{name: values[start:stop].tolist()})


@pytest.fixture
def folders(at):
    """Both sides in three files each, in other formats and at other places."""
    writers = (csv, parquet, jsonl)
    cut(at / "preds", "pred", PRED, [20, 50], writers, ["a.csv", "b/c.parquet", "d.jsonl"])
    cut(at / "labels", "label", LABEL, [20, 50], (parquet, csv, csv), ["a.parquet", "b/c.csv", "d.csv"])
    return at


# ---------------------------------------------------------------------- the same bits


@pytest.mark.parametrize("preds, labels", [
    ("preds", "labels"), ("preds", "l.csv"), ("p.csv", "labels"), ("preds/", "./labels"),
    ("preds/**", "labels/**"), ("preds/[a-d]*", "labels/?*"), ("preds/**/*.*", "labels/**/*.*"),
])  # fmt: skip
@pytest.mark.parametrize("jobs, chunk_rows", [(1, 7), (4, 65536)])
def test_files_of_mixed_formats_have_the_bits_of_one_file(folders, whole, preds, labels, jobs, chunk_rows):
    assert evaluate(preds, labels, loss=LOSSES, jobs=jobs, chunk_rows=chunk_rows).metrics == whole


@pytest.mark.parametrize("jobs", [1, 3])
def test_parquet_files_that_are_read_side_by_side_have_the_bits_of_one_file(at, whole, jobs, monkeypatch):
    monkeypatch.setattr("losscli.pairing.position.SEGMENT_ROWS", 10)
    for folder, name, values in (("preds", "pred", PRED), ("labels", "label", LABEL)):
        for part in range(9):
            parquet(at / folder / f"part-{part}.parquet", **{name: values[part * 10 : part * 10 + 10]})
    assert evaluate("preds", "labels", loss=LOSSES, jobs=jobs).metrics == whole
    pq.write_table(pa.table({"label": LABEL}), at / "l.parquet", row_group_size=30)
    assert evaluate("preds", "l.parquet", loss=LOSSES, jobs=jobs).metrics == whole


def test_one_folder_may_hold_both_columns(at, whole):
    for part in range(3):
        rows = slice(part * 30, part * 30 + 30)
        csv(at / "both" / f"{part}.csv", pred=PRED[rows].tolist(), label=LABEL[rows].tolist())
    assert evaluate("both", loss=LOSSES).metrics == whole


def test_files_come_in_byte_order_of_their_paths(at):
    for name in ("b.csv", "a/z.csv", "a-1.csv", "B.csv", "é.csv", "a 2.csv", "10.csv", "9.csv"):
        csv(at / "d" / name, x=[1])
    names = [file.name for file in listed("d").files]
    assert names == sorted(names, key=os.fsencode)
    assert names == ["10.csv", "9.csv", "B.csv", "a 2.csv", "a-1.csv", "a/z.csv", "b.csv", "é.csv"]


def test_hidden_files_and_those_that_are_no_data_are_left_out(folders, whole):
    for name in ("_SUCCESS", ".part.csv.crc", "_delta/x.csv", ".git/y.csv", "notes.md", "_x.csv", ".z.csv"):
        (folders / "preds" / name).parent.mkdir(exist_ok=True)
        (folders / "preds" / name).write_text("no data\n")
    assert evaluate("preds", "labels", loss=LOSSES).metrics == whole
    assert evaluate("preds/**", "labels", loss=LOSSES).metrics == whole


def test_a_glob_that_asks_for_hidden_names_finds_them(at):
    csv(at / "_d" / "_x.csv", x=[1])
    assert [file.name for file in listed("_d/_*.csv").files] == ["_x.csv"]


def test_a_folder_named_with_an_underscore_is_read_when_it_is_named(at):
    csv(at / "_d" / "x.csv", x=[1])
    assert [file.name for file in listed("_d").files] == ["x.csv"]
    assert [file.name for file in listed("_d/*").files] == ["x.csv"]


def test_a_file_of_that_very_name_wins_over_the_glob(at):
    csv(at / "a[1].csv", pred=[1.0], label=[3.0])
    csv(at / "a1.csv", pred=[1.0], label=[1.0])
    assert evaluate("a[1].csv", loss=["mse"]).metrics == {"mse": 4.0}


def test_names_with_spaces_and_of_other_scripts_are_names(at, whole):
    for folder, name, values in (("p r", "pred", PRED), ("l b", "label", LABEL)):
        cut(at / folder, name, values, [30, 60], (csv,) * 3, ["a b.csv", "данные.csv", "日本 1/ü.csv"])
    assert evaluate("p r", "l b", loss=LOSSES).metrics == whole
    assert evaluate("p r/**/*", "l b", loss=LOSSES).metrics == whole


def test_files_without_rows_among_others_are_no_rows(at, whole):
    for folder, name, values in (("preds", "pred", PRED), ("labels", "label", LABEL)):
        csv(at / folder / "0.csv", **{name: []})
        csv(at / folder / "1.csv", **{name: values[:40].tolist()})
        pq.write_table(pa.table({name: pa.array([], pa.float64())}), at / folder / "2.parquet")
        csv(at / folder / "3.csv", **{name: values[40:].tolist()})
        csv(at / folder / "4.csv", **{name: []})
    assert evaluate("preds", "labels", loss=LOSSES).metrics == whole
    assert evaluate("preds", "l.csv", loss=LOSSES).metrics == whole


def test_the_dialect_and_the_format_are_those_of_every_file(at):
    (at / "d").mkdir()
    for name in ("part-0", "part-1"):
        (at / "d" / name).write_text("pred;label\n1,5;2,5\n")
    dialect = "delimiter=semicolon,decimal=comma"
    report = evaluate("d", loss=["mse"], input_format="csv", dialect=dialect)
    assert (report.metrics, report.rows.used, report.inputs[0].format) == ({"mse": 1.0}, 2, "csv")


def test_other_columns_of_the_files_may_differ_in_number_and_place(at, whole):
    cut(at / "l2", "label", LABEL, [45], (csv, csv), ["x.csv", "y.csv"])
    csv(at / "l2" / "y.csv", other=[0] * 45, label=LABEL[45:].tolist(), more=["x"] * 45)
    assert evaluate("p.csv", "l2", loss=LOSSES, label="label").metrics == whole


def test_several_columns_of_edges_are_read_from_all_files(at):
    for part in range(3):
        csv(at / "d" / f"{part}.csv", pred=[0.0, 0.0], label=[1.0, 2.0], age=[part * 10, part * 10 + 5])
    report = evaluate("d", loss=["mae"], label="label", pred="pred", by=["age:bins=2"])
    assert [(r.slice["age"], r.rows) for r in report.results if r.slice] == [
        ("[0, 12.5)", 3),
        ("[12.5, 25]", 3),
    ]


# ---------------------------------------------------------------------- hive


@pytest.fixture
def hive(at):
    for day, part in enumerate(("de", "fr", "c%C3%B4te d%27or")):
        rows = slice(day * 30, day * 30 + 30)
        parquet(at / "h" / f"country={part}" / f"day=0{day + 1}" / "part-0.parquet",
                pred=PRED[rows], label=LABEL[rows])  # fmt: skip
    return at


def test_the_names_of_folders_become_a_column_to_slice_by(hive, whole):
    report = evaluate("h", loss=["mse"], by=["country", "day"])
    found = {(*r.slice.items(),)[0]: r.value for r in report.results if r.slice}
    values = {at: float(np.mean((PRED - LABEL)[at * 30 : at * 30 + 30] ** 2)) for at in range(3)}
    assert found == pytest.approx({
        ("country", "de"): values[0], ("country", "fr"): values[1], ("country", "côte d'or"): values[2],
        ("day", "01"): values[0], ("day", "02"): values[1], ("day", "03"): values[2],
    }, rel=1e-12)  # fmt: skip
    assert report.metrics["mse"] == whole["mse"]


def test_rows_can_be_kept_by_the_name_of_their_folder(hive):
    report = evaluate("h", loss=["mse"], where="country == 'de' or day == 3")
    assert report.rows.used == 60


def test_a_column_of_folders_is_no_prediction_unless_it_is_named(at):
    csv(at / "h" / "run=1" / "a.csv", guess=[1.0])
    csv(at / "t.csv", label=[3.0])
    assert evaluate("h", "t.csv", loss=["mse"]).metrics == {"mse": 4.0}
    assert evaluate("h", "t.csv", loss=["mae"], pred="run").metrics == {"mae": 2.0}


def test_folder_values_that_are_all_plain_integers_are_integers_and_else_text(at):
    from losscli.reading.inputs import open_inputs

    for name in ("year=2023", "year=2024"):
        csv(at / "ints" / name / "a.csv", x=[1])
    csv(at / "texts" / "year=2023" / "a.csv", x=[1])
    csv(at / "texts" / "year=007" / "a.csv", x=[1])
    opened = [
        open_inputs({"preds": path}, format=None, dialect=None, by_key=False)[0] for path in ("ints", "texts")
    ]
    assert [source.key_type(1) for source in opened] == ["int", "text"]


def test_a_folder_value_that_stands_for_none_is_missing(at):
    csv(at / "h" / "c=__HIVE_DEFAULT_PARTITION__" / "a.csv", pred=[1.0], label=[1.0])
    csv(at / "h" / "c=x" / "a.csv", pred=[1.0], label=[2.0])
    report = evaluate("h", loss=["mae"], by=["c"])
    assert {r.slice["c"]: r.value for r in report.results if r.slice} == {"x": 1.0, None: 0.0}


def test_a_column_both_in_the_file_and_in_its_path_is_refused_when_it_is_used(at, here):
    csv(at / "h" / "c=x" / "a.csv", pred=[1.0], label=[1.0], c=["y"])
    assert here("eval", "h", "-l", "mse").code == 0
    done = here("eval", "h", "-l", "mse", "--by", "c").block()
    assert (done.code, "2 columns are called `c`" in done.err) == (3, True)


def test_a_file_whose_folders_lack_a_column_that_is_used_is_named(at, here):
    csv(at / "h" / "c=x" / "a.csv", pred=[1.0], label=[1.0])
    csv(at / "h" / "d" / "b.csv", pred=[1.0], label=[1.0])
    assert here("eval", "h", "-l", "mse").code == 0
    done = here("eval", "h", "-l", "mse", "--by", "c").block()
    assert (done.code, done.err.startswith("error: h/d/b.csv: ")) == (3, True)


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize(
    "parts", [(2023, 2024), ("007", "11"), ("a", "b"), ("x", "a text that takes several words of a key")]
)
def test_keys_may_stand_in_the_names_of_folders(at, parts, format):
    write = csv if format == "csv" else parquet
    flat = {"part": [], "id": [], "label": []}
    for place, part in enumerate(parts):
        write(at / "hp" / f"part={part}" / f"p.{format}", id=[1, 2], pred=[place * 10.0, place * 10.0 + 5.0])
        # In another order of rows, and each label one above its prediction.
        labels = {"id": [2, 1], "label": [place * 10.0 + 6.0, place * 10.0 + 1.0]}
        write(at / "hl" / f"part={part}" / f"l.{format}", **labels)
        flat["part"] += [part] * 2
        for name, values in labels.items():
            flat[name] += values
    write(at / f"flat.{format}", **flat)
    for labels in ("hl", f"flat.{format}"):
        report = evaluate("hp", labels, loss=["mae"], on="part,id", by=["part"])
        assert (report.metrics, report.rows.paired) == ({"mae": 1.0}, 4)
        assert {r.slice["part"]: r.value for r in report.results if r.slice} == dict.fromkeys(
            map(str, parts), 1.0
        )


# ---------------------------------------------------------------------- pairing of files


def test_files_of_two_folders_are_paired_by_name_in_any_mixture_of_suffixes(at):
    # In byte order `a-b.csv` stands before `a.csv`, and `a.parquet` behind `a-b.csv.gz`.
    csv(at / "x" / "a.csv", pred=[1.0])
    csv(at / "x" / "a-b.csv", pred=[2.0])
    parquet(at / "y" / "a.parquet", label=[1.0])
    csv(at / "y" / "a-b.csv", label=[2.0])
    assert evaluate("x", "y", loss=["mse"]).metrics == {"mse": 0.0}


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize(
    "write, suffix, lengths",
    [
        (write, suffix, lengths)
        for write, suffix in ((csv, "csv"), (parquet, "parquet"), (jsonl, "jsonl"))
        for lengths in ((10, 11, 11, 10), (0, 3, 3, 0), (3, 0, 0, 3))
        # A file of JSON lines without a line has no columns.
        if suffix != "jsonl" or 0 not in lengths
    ],
)
def test_files_that_do_not_fit_are_refused_though_the_sums_of_their_rows_agree(
    at, jobs, write, suffix, lengths
):
    for file, (preds, labels) in enumerate((lengths[:2], lengths[2:])):
        (at / "x").mkdir(exist_ok=True)
        (at / "y").mkdir(exist_ok=True)
        write(at / "x" / f"{file}.{suffix}", pred=[1.0] * preds)
        write(at / "y" / f"{file}.{suffix}", label=[1.0] * labels)
    with pytest.raises(DataError) as refused:
        evaluate("x", "y", loss=["mse"], jobs=jobs, chunk_rows=4, pred="pred", label="label")
    wanted = f"y/0.{suffix} has {lengths[1]} row{'s' * (lengths[1] != 1)} and x/0.{suffix} has {lengths[0]}"
    assert refused.value.message == wanted
    assert refused.value.hint is None  # they have no column by which rows could be paired


def test_a_last_file_that_is_longer_on_one_side_is_refused(at):
    for file, rows in enumerate((2, 3)):
        csv(at / "x" / f"{file}.csv", pred=[1.0] * 2)
        csv(at / "y" / f"{file}.csv", label=[1.0] * rows)
    with pytest.raises(DataError, match=r"^y/1\.csv has 3 rows and x/1.csv has 2"):
        evaluate("x", "y", loss=["mse"])


def test_folders_whose_names_do_not_agree_are_refused_with_a_hint_to_keys(at, here):
    csv(at / "x" / "a.csv", pred=[1.0])
    csv(at / "x" / "b.csv", pred=[1.0])
    csv(at / "y" / "a.csv", label=[1.0])
    csv(at / "y" / "c.csv", label=[1.0])
    done = here("eval", "x", "y", "-l", "mse").block()
    assert (done.code, done.err.startswith("error: x/b.csv: ")) == (3, True)
    assert "a key (`--on`)" in done.err


def test_two_files_of_one_name_up_to_the_suffix_are_refused(at, here):
    for side, name in (("x", "pred"), ("y", "label")):
        csv(at / side / "a.csv", **{name: [1.0]})
        parquet(at / side / "a.parquet", **{name: [1.0]})
    done = here("eval", "x", "y", "-l", "mse").block()
    assert (done.code, "a.csv" in done.err, "a.parquet" in done.err) == (3, True, True)


def test_by_key_the_names_of_files_do_not_matter(at, whole):
    ids = np.arange(ROWS)
    csv(at / "x" / "a.csv", id=ids[:50].tolist(), pred=PRED[:50].tolist())
    csv(at / "x" / "b.csv", id=ids[50:].tolist(), pred=PRED[50:].tolist())
    parquet(at / "y" / "z.parquet", id=ids[:30], label=LABEL[:30])
    parquet(at / "y" / "w.parquet", id=ids[30:], label=LABEL[30:])
    assert evaluate("x", "y", loss=LOSSES, on="id").metrics == whole


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize("suffix, write", [("csv", csv), ("parquet", parquet), ("jsonl", jsonl)])
@pytest.mark.parametrize("jobs, chunk_rows", [(1, 1), (4, 3), (2, 65536)])
@pytest.mark.parametrize("side", ["x", "y"])
def test_a_bad_row_is_named_by_its_file_and_its_place_in_it(at, suffix, write, jobs, chunk_rows, side):
    for folder, name in (("x", "pred"), ("y", "label")):
        (at / folder).mkdir()
        for file in range(4):
            values = [1.0] * 5
            if folder == side and file == 2:
                values[3] = -1.0
            write(at / folder / f"{file}.{suffix}", **{name: values})
    with pytest.raises(DataError) as refused:
        evaluate("x", "y", loss=["msle"], jobs=jobs, chunk_rows=chunk_rows)
    column = {"x": "pred", "y": "label"}[side]
    found = refused.value
    assert (found.file, found.column, found.row) == (f"{side}/2.{suffix}", column, 4)
    assert "1 of 20 rows" in (found.detail or "")


@pytest.mark.parametrize("jobs, chunk_rows", [(1, 1), (4, 3), (2, 65536)])
@pytest.mark.parametrize("bad, row", [("x", 3), ("1.0,2", 3), ("x", 1)])
def test_a_cell_or_a_line_that_cannot_be_read_is_named_by_its_file(at, jobs, chunk_rows, bad, row):
    for file in range(4):
        csv(at / "x" / f"{file}.csv", pred=[1.0] * (0 if file == 1 else 4))
    csv(at / "y.csv", label=[1.0] * 12)
    lines = ["pred", "1", "1", "1", "1"]
    lines[row] = bad
    (at / "x" / "2.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as refused:
        evaluate("x", "y.csv", loss=["mse"], jobs=jobs, chunk_rows=chunk_rows)
    assert (refused.value.file, refused.value.row) == ("x/2.csv", row)


def test_missing_values_are_counted_over_all_files_and_named_in_the_first(at, here):
    for file in range(3):
        csv(at / "d" / f"{file}.csv", pred=[1.0, 2.0, "" if file else 3.0], label=[1.0, 2.0, 3.0])
    done = here("eval", "d", "-l", "mse").block()
    assert done.err.startswith("error: d/1.csv, column `pred`, row 3: the value is missing")
    assert "2 of 9 rows" in done.err
    assert json.loads(here("eval", "d", "-l", "mse", "--nan", "drop", "--json").out)["rows"]["dropped"] == {
        "missing_pred": 2
    }


def test_a_file_without_a_column_that_is_used_is_named(at, here):
    csv(at / "d" / "0.csv", pred=[1.0], label=[1.0])
    csv(at / "d" / "1.csv", prod=[1.0], label=[1.0])
    done = here("eval", "d", "-l", "mse").block()
    assert (done.code, done.err.startswith("error: d/1.csv: there is no column `pred`")) == (3, True)


@pytest.mark.parametrize("made", ["folder", "glob", "only hidden", "only others"])
def test_an_input_without_files_is_refused_and_says_so(at, here, made):
    (at / "d").mkdir()
    if made == "only hidden":
        csv(at / "d" / "_a.csv", pred=[1.0])
    if made == "only others":
        (at / "d" / "notes.md").write_text("x")
    path = "d/*.csv" if made == "glob" else "d"
    done = here("eval", path, "l.csv", "-l", "mse").block()
    assert done.code == 3
    assert ("nothing matches `d/*.csv`" if made == "glob" else "the folder has no data files") in done.err
    assert ("notes.md" in done.err) == (made == "only others")


def test_folders_of_files_without_rows_have_nothing_to_measure(at, here):
    csv(at / "d" / "0.csv", pred=[], label=[])
    pq.write_table(
        pa.table({"pred": pa.array([], pa.float64()), "label": pa.array([], pa.float64())}), at / "d/1.pq"
    )
    done = here("eval", "d", "-l", "mse").block()
    assert (done.code, "no rows" in done.err) == (3, True)


@pytest.mark.parametrize("bad", ["empty", "damaged", "dangling", "pipe"])
def test_a_file_that_cannot_be_read_is_named(at, here, bad):
    csv(at / "d" / "0.csv", pred=[1.0], label=[1.0])
    path = at / "d" / "1.parquet"
    if bad == "dangling":
        path.symlink_to(at / "nowhere")
    elif bad == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"" if bad == "empty" else b"PAR1 is not enough")
    done = here("eval", "d", "-l", "mse").block()
    assert (done.code, done.err.startswith("error: d/1.parquet: ")) == (3, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to the superuser")
def test_a_folder_that_may_not_be_looked_into_is_refused(at, here):
    csv(at / "d" / "0.csv", pred=[1.0], label=[1.0])
    csv(at / "d" / "closed" / "1.csv", pred=[1.0], label=[1.0])
    (at / "d" / "closed").chmod(0)
    done = here("eval", "d", "-l", "mse").block()
    (at / "d" / "closed").chmod(0o755)
    assert (done.code, "d/closed" in done.err) == (3, True)


def test_links_to_folders_are_followed_but_not_in_circles(folders, whole):
    (folders / "elsewhere").mkdir()
    (folders / "preds" / "b").rename(folders / "elsewhere" / "b")
    (folders / "preds" / "b").symlink_to(folders / "elsewhere" / "b")
    (folders / "preds" / "again").symlink_to(folders / "preds")
    assert evaluate("preds", "labels", loss=LOSSES).metrics == whole


def test_a_row_in_a_note_is_named_by_its_file(at):
    for file in range(3):
        csv(at / "d" / f"{file}.csv", pred=[1.0, 0.0 if file == 1 else 1.0], label=[1.0, 1.0])
    report = evaluate("d", loss=["log_loss:eps=0"], label="label", pred="pred")
    assert report.results[0].value is None
    assert "row 2 of d/1.csv" in (report.results[0].note or "")


def test_an_output_does_not_overwrite_a_file_of_a_folder(folders, here):
    before = (folders / "preds" / "a.csv").read_bytes()
    for path in ("preds", "preds/*.csv"):
        done = here("eval", path, "l.csv", "-l", "mse", "-o", "preds/a.csv").block()
        assert (done.code, (folders / "preds" / "a.csv").read_bytes()) == (2, before)


# ---------------------------------------------------------------------- many files


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))
from losscli import evaluate
print(evaluate(*sys.argv[1:3], loss=["mse"], jobs=4).metrics["mse"])
"""


@pytest.mark.parametrize("write, suffix", [(csv, "csv"), (parquet, "parquet")])
def test_few_files_are_open_at_a_time(at, write, suffix):
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 48
    for file in range(300):
        write(at / "x" / f"{file}.{suffix}", pred=[float(file)] * 2)
        write(at / "y" / f"{file}.{suffix}", label=[float(file + 1)] * 2)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "x", "y"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("1.0\n", "")


def test_keys_without_a_partner_are_named_with_the_file_and_the_row_that_hold_them(at, here):
    for file in range(3):
        csv(at / "x" / f"{file}.csv", id=[f"k{file}{row}" for row in range(3)], pred=[1.0] * 3)
        csv(at / "y" / f"{file}.csv", id=[f"k{file}{row}" for row in range(3)], label=[1.0] * 3)
    csv(at / "y" / "2.csv", id=["k20", "other", "k22"], label=[1.0] * 3)
    done = here("eval", "x", "y", "-l", "mse", "--on", "id").block()
    assert done.err.startswith("error: x/2.csv, column `id`, row 2: the key `k21` is not in y\n")
    assert "x has 1 row without a partner (`k21` in row 2 of x/2.csv)" in done.err
    assert "(`other` in row 2 of y/2.csv)" in done.err
