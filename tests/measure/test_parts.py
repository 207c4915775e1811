"""Work in parts that go to other processes: the bits, the errors and the counts of one process."""

from __future__ import annotations

import json

import in_parts
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tables import table

from losscli.errors import DataError, UsageError
from losscli.measure.engines import dask
from losscli.measure.engines.parts import Machine, refuse_other
from losscli.reading.inputs import Inputs
from losscli.report.evaluate import evaluate

ROWS = 500
LOSSES = "brier,f1,r2,mae,log_loss"
PARTS = ("--engine", "parts:parts=7")


@pytest.fixture
def engine(monkeypatch):
    in_parts.use(monkeypatch)


def rows_of(draw, keys, **columns):
    return {"id": keys, **{name: values[: len(keys)].tolist() for name, values in columns.items()}}


def write(folder, name, suffix, columns):
    if suffix == "csv":
        table(folder, columns, f"{name}.csv")
    else:
        pq.write_table(pa.table(columns), folder / f"{name}.parquet", row_group_size=64)
    return f"{name}.{suffix}"


@pytest.fixture
def written(tmp_path):
    """Write predictions and labels of one format with these keys."""
    draw = np.random.default_rng(3)

    def write_both(suffix, pred_keys, label_keys):
        preds = rows_of(draw, pred_keys, pred=draw.uniform(0.01, 0.99, len(pred_keys)).round(6))
        labels = rows_of(
            draw, label_keys,
            label=draw.integers(0, 2, len(label_keys)),
            weight=draw.integers(0, 4, len(label_keys)),
            side=draw.choice(["x", "y", "z"], len(label_keys)),
        )  # fmt: skip
        return write(tmp_path, "preds", suffix, preds), write(tmp_path, "labels", suffix, labels)

    return write_both


def shuffled(keys, seed=1):
    return np.random.default_rng(seed).permutation(keys).tolist()


def both(here, *words):
    """The same call in one process and in parts, which say how much they read."""
    alone, parts = here(*words), here(*words, *PARTS)
    said = parts.err.splitlines(keepends=True)
    reading = [line for line in said if "parts reads" in line]
    return alone, parts, "".join(line for line in said if line not in reading), reading


KEYED = ("--pred", "pred", "--label", "label", "--on", "id")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    "words",
    [
        ["-l", LOSSES, "--by", "side", "--ci", "normal"],
        ["-l", "auc,medae,mse", "--weight", "weight", "--worst", "3", "--constant"],
        ["-l", "mse,brier", "--group", "side", "--ci", "bootstrap"],
        ["-l", "mse", "--rows-out", "rows.csv"],
    ],
    ids=["sums", "every row", "groups", "rows"],
)
def test_rows_paired_by_key_have_the_bits_of_one_process(here, engine, tmp_path, written, suffix, words):
    files = written(suffix, shuffled(range(20, 20 + ROWS)), shuffled(range(ROWS), 2))
    call = ("eval", *files, *KEYED, *words, "--unmatched", "drop", "--json")
    alone, found = here(*call), (tmp_path / "rows.csv")
    rows = found.read_bytes() if found.exists() else None
    parts = here(*call, *PARTS)
    assert (parts.code, parts.out) == (alone.code, alone.out) == (0, alone.out)
    assert rows is None or found.read_bytes() == rows
    assert json.loads(alone.out)["rows"]["only_preds"] == 20
    assert "each of 7 parts reads both inputs, about " in parts.err


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    "pred_keys, label_keys, what",
    [
        (range(9, ROWS), range(ROWS - 30), "without a partner"),
        ([*range(ROWS), 7, 3, 7], range(ROWS), "with a repeated key"),
        (range(ROWS), range(ROWS, 2 * ROWS), "without a partner"),
        ([*range(ROWS), None, None], [None, *range(ROWS)], "without a key"),
    ],
    ids=["unmatched", "repeated", "nothing in common", "missing"],
)
def test_bad_keys_of_all_parts_are_named_as_in_one_process(
    here, engine, written, suffix, pred_keys, label_keys, what
):
    keys = [shuffled(list(keys)) for keys in (pred_keys, label_keys)]
    if suffix == "csv":
        keys = [["" if key is None else key for key in side] for side in keys]
    files = written(suffix, *keys)
    alone, parts, said, _ = both(here, "eval", *files, *KEYED, "-l", "brier")
    assert what in alone.err
    assert (parts.code, said) == (alone.code, alone.err) == (3, alone.err)


def test_keys_without_anything_in_common_leave_nothing_to_measure_in_parts_either(here, engine, written):
    files = written("csv", range(ROWS), range(ROWS, 2 * ROWS))
    words = ("eval", *files, *KEYED, "-l", "brier", "--unmatched", "drop")
    alone, parts, said, _ = both(here, *words)
    assert "no key stands in both files" in alone.err
    assert (parts.code, said) == (alone.code, alone.err)


@pytest.mark.parametrize("cell", ["x", "1.5"])
def test_the_lowest_bad_value_is_named_with_its_file_of_a_folder(here, engine, tmp_path, written, cell):
    preds, labels = written("csv", shuffled(range(ROWS)), range(ROWS))
    head, *lines = (tmp_path / preds).read_text().splitlines()
    for row in (170, 340):
        lines[row] = f"{lines[row].partition(',')[0]},{cell}"
    (tmp_path / "many").mkdir()
    for at in range(4):
        some = lines[125 * at : 125 * (at + 1)]
        (tmp_path / "many" / f"{at}.csv").write_text("".join(f"{line}\n" for line in [head, *some]))
    alone, parts, said, _ = both(here, "eval", "many", labels, *KEYED, "-l", "brier")
    assert "many/1.csv, column `pred`, row 46" in alone.err
    assert (parts.code, said) == (alone.code, alone.err) == (3, alone.err)


def test_models_compared_by_key_have_the_bits_of_one_process(here, engine, tmp_path, written):
    written("csv", shuffled(range(ROWS)), range(30, ROWS))
    (tmp_path / "preds.csv").rename(tmp_path / "base.csv")
    head, labels = written("csv", shuffled(range(5, ROWS), 4), range(30, ROWS))
    words = ("compare", "base.csv", head, labels, *KEYED, "-l", "brier", "--unmatched", "drop", "--json")
    alone, parts, _, reading = both(here, *words)
    assert (parts.code, parts.out) == (alone.code, alone.out)
    assert "each of 7 parts reads all inputs" in reading[0]


@pytest.mark.parametrize(
    "words", [["--group", "side"], ["--group", "side", "--on", "id"], ["--on", "id"], []]
)
def test_a_shard_in_parts_has_the_bits_of_a_shard(here, engine, tmp_path, written, words):
    files = written("csv", range(ROWS), range(ROWS))
    pairing = () if "--on" in words else ("--on", "position")
    call = ("eval", *files, *KEYED[:4], *pairing, *words, "-l", "brier,mae", "--shard", "2/3")
    assert here(*call, "--state-out", "alone.state").code == 0
    assert here(*call, "--state-out", "parts.state", *PARTS).code == 0
    assert (tmp_path / "parts.state").read_bytes() == (tmp_path / "alone.state").read_bytes()


def test_what_parts_read_is_that_of_the_columns_that_are_used(here, engine, tmp_path, written):
    files = written("parquet", range(ROWS), range(ROWS))
    sizes = 0
    for file, used in zip(files, (["id", "pred"], ["id", "label"]), strict=True):
        footer = pq.ParquetFile(tmp_path / file).metadata
        groups = [footer.row_group(at) for at in range(footer.num_row_groups)]
        columns = [group.column(at) for group in groups for at in range(group.num_columns)]
        sizes += sum(one.total_compressed_size for one in columns if one.path_in_schema in used)
    ran = here("eval", *files, *KEYED, "-l", "mse", *PARTS)
    assert f"about {7 * sizes / 1e6:,.1f} MB together" in ran.err


@pytest.mark.parametrize("loss", ["ndcg", "mae"])
def test_groups_of_rows_paired_by_position_have_the_bits_of_one_process(here, engine, written, loss):
    files = written("csv", range(ROWS), range(ROWS))
    words = ("eval", *files, *KEYED[:4], "--on", "position", "-l", loss, "--group", "side", "--json")
    alone, parts, said, reading = both(here, *words)
    assert (parts.code, parts.out, said) == (alone.code, alone.out, alone.err) == (0, alone.out, "")
    assert not reading  # each part reads its own rows alone


@pytest.mark.parametrize(
    ("other", "error", "said"),
    [
        ({"losscli": "9.9"}, UsageError, "tcp://far has losscli 9.9, and this machine"),
        ({"python": "3.0"}, UsageError, "tcp://far has Python 3.0"),
        ({"numpy": "1.0"}, UsageError, "tcp://far has NumPy 1.0"),
        ({"files": ()}, DataError, "tcp://far sees no such file"),
        ({"files": (("preds.csv", None, None),)}, DataError, "tcp://far sees no such file"),
        ({"files": (("preds.csv", 9, "other"),)}, DataError, "tcp://far sees another file of this name"),
        ({"arithmetic": "another"}, None, ""),
        ({"files": (("more.csv", 1, "x"), ("preds.csv", 9, "ends"))}, None, ""),
    ],
)
def test_a_machine_with_other_versions_or_files_is_refused(other, error, said):
    here = Machine("0.1", "3.12", "2.0", (("preds.csv", 9, "ends"),), "numpy")
    there = here._replace(**other)
    if error is None:
        refuse_other(here, there, "tcp://far")
        return
    with pytest.raises(error) as refused:
        refuse_other(here, there, "tcp://far")
    assert said in str(refused.value)


def test_what_only_this_process_has_is_not_measured_by_others(here, engine, written):
    files = written("csv", range(ROWS), range(ROWS))
    ran = here("eval", *files, *KEYED, "-l", "mse", "--state-out", "one.state", "--resume", *PARTS).block()
    assert (ran.code, "an engine measures in others" in ran.err) == (2, True)
    with pytest.raises(UsageError, match="is in the memory of this process"):
        evaluate({"pred": np.ones(3)}, {"label": np.ones(3)}, loss="mse", engine=PARTS[1])


def test_workers_of_other_arithmetic_are_said_once():
    here = Machine("0.1", "3.12", "2.0", (), "numpy AVX512")
    there = here._replace(arithmetic="numpy AVX2")

    class Client:
        def run_on_scheduler(self, *asked):
            return here

        def run(self, *asked, **how):
            return {"tcp://one": there, "tcp://two": there, "tcp://three": here}

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dask, "machine", lambda inputs: here)
        (said,) = dask._checked(Client(), Inputs((), None, None, False))
    assert said.startswith("workers have numpy AVX2, and this machine numpy AVX512: ")
