"""States that `eval --state-out` saves and `merge` adds up and finishes."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.cli import main
from losscli.errors import DataError, UsageError
from losscli.report.evaluate import evaluate
from losscli.report.merge import merge
from losscli.report.state_document import digest_of
from losscli.table.hashes import HashShare, hashed
from losscli.table.keys import integer_key, words_of_texts
from support.reports import known

ROWS, CUT = 300, 110


def table():
    rng = np.random.default_rng(17)
    label = rng.normal(size=ROWS)
    classes = np.array(["ant", "bee", "cow"])[rng.integers(0, 3, ROWS)]
    return pa.table(
        {
            "id": np.arange(ROWS),
            "y": label,
            "p": label + rng.normal(size=ROWS),
            "q": rng.random(ROWS),
            "binary": rng.integers(0, 2, ROWS),
            "w": rng.exponential(size=ROWS),
            "g": [None if at % 17 == 0 else f"g{at % 40}" for at in range(ROWS)],
            "gw": [1.0 + at % 40 if at % 17 else 9.0 for at in range(ROWS)],
            "kind": classes,
            "told": np.where(rng.random(ROWS) < 0.6, classes, "bee"),
            "gap": pa.array([None if at % 9 == 0 else float(at) for at in range(ROWS)]),
        }
    )


def written(folder, suffix="parquet"):
    """The whole, and its rows in two files."""
    whole, paths = table(), []
    for name, part in (("whole", whole), ("one", whole[:CUT]), ("two", whole[CUT:])):
        path = folder / f"{name}.{suffix}"
        if suffix == "parquet":
            pq.write_table(part, path)
        else:
            part.to_pandas().to_csv(path, index=False)
        paths.append(str(path))
    return paths


def saved(path, state, **options):
    evaluate(path, state_out=str(state), **options)
    return str(state)


def both(folder, suffix="parquet", **options):
    """The results over the whole, and those of merged states of its two files."""
    whole, *parts = written(folder, suffix)
    states = [saved(part, folder / f"{at}.state", **options) for at, part in enumerate(parts)]
    return evaluate(whole, **options), merge(states)


NUMBERS = {"pred": "p", "label": "y"}

CALLS = {
    "sums": NUMBERS | {"loss": "mse,mae,rmse,huber:delta=2"},
    "moments": NUMBERS | {"loss": "r2,pearson,ccc"},
    "extremes": NUMBERS | {"loss": "max_error"},
    "joined states": NUMBERS | {"loss": "nrmse"},
    "bins": {"pred": "q", "label": "binary", "loss": "ece,brier,log_loss"},
    "tables of classes": {"pred": "told", "label": "kind", "loss": "accuracy,f1,mcc,kappa"},
    "a class each": {"pred": "told", "label": "kind", "loss": "f1", "average": "none"},
    "a positive class": {"pred": "q", "label": "binary", "loss": "f1,zero_one", "pos_label": "1"},
    "weights": NUMBERS | {"loss": "mse,r2", "weight": "w", "by": ["kind"]},
    "slices": NUMBERS | {"loss": "mse,r2", "by": ["kind", "kind+told", "p:edges=-1/0/1"], "min_slice": 30},
    "slices of classes": {"pred": "told", "label": "kind", "loss": "f1", "by": ["g"]},
    "an interval": NUMBERS | {"loss": "mae,rmse", "ci": "normal:level=0.9", "by": ["kind"]},
    "a bootstrap of clusters": NUMBERS | {"loss": "mae,r2", "ci": "bootstrap:cluster=g", "by": ["kind"]},
    "groups": NUMBERS | {"loss": "mae,rmse", "group": "g", "group_weight": "gw", "by": ["kind"]},
    "missing values": {"pred": "gap", "label": "y", "loss": "mae", "nan": "drop", "by": ["kind"]},
    "results without a value": {
        "pred": "gap",
        "label": "y",
        "loss": "mae",
        "nan": "propagate",
        "by": ["told"],
    },
    "a filter": NUMBERS | {"loss": "mae", "where": "kind == 'bee' and q > 0.5"},
    "weights of classes": {"pred": "told", "label": "kind", "loss": "accuracy", "class_weight": {"ant": 2.5}},
    "skipped rows": {"pred": "gap", "label": "binary", "loss": "mape:zero=skip", "nan": "drop"},
}


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("name", CALLS)
def test_merged_states_give_the_bits_of_one_call_over_all_rows(name, suffix, tmp_path):
    whole, merged = both(tmp_path, suffix, **CALLS[name])
    if CALLS[name].get("nan") == "propagate":  # their notes name a row of a file
        assert [r.value for r in merged.results] == [r.value for r in whole.results]
    else:
        assert known(merged) == known(whole)
    assert merged.rows == whole.rows


def test_the_order_of_states_does_not_matter_but_to_the_names_of_rows(tmp_path):
    _, *parts = written(tmp_path)
    one, two = (saved(p, f"{p}.state", loss="mse,r2", by=["g"], **NUMBERS) for p in parts)
    assert known(merge([one, two])) == known(merge([two, one]))


def test_rows_are_named_by_the_file_that_holds_them(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("pred,label\n1,2\n3,4\n")
    two.write_text("pred,label\n5,6\n1,\n")
    states = [saved(str(p), f"{p}.state", loss="mse", nan="propagate") for p in (one, two)]
    (result,) = merge(states).results
    assert result.note is not None
    assert f"first in row 2 of {two}" in result.note


def test_what_depends_on_all_classes_is_settled_when_states_are_merged(tmp_path):
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    paths[0].write_text("pred,label\n1,1\n0,1\n")
    paths[1].write_text("pred,label\n2,2\n1,2\n")
    states = [saved(str(p), f"{p}.state", loss="f1") for p in paths]
    (result,) = merge(states).results
    assert result.signature.endswith("average=macro")
    whole = tmp_path / "whole.csv"
    whole.write_text("pred,label\n1,1\n0,1\n2,2\n1,2\n")
    assert known(merge(states)) == known(evaluate(str(whole), loss="f1"))


def test_labels_that_one_column_may_not_mix_are_refused_when_states_are_merged(tmp_path):
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    paths[0].write_text("pred,label\n0.5,1\n0.5,-1\n")
    paths[1].write_text("pred,label\n0.5,1\n0.5,0\n")
    states = [saved(str(p), f"{p}.state", loss="log_loss") for p in paths]
    with pytest.raises(DataError, match="stand in one column"):
        merge(states)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"loss": "mae"}, "losses"),
        ({"loss": "mse", "weight": "w"}, "columns"),
        ({"loss": "mse", "nan": "drop"}, "rows"),
        ({"loss": "mse", "where": "q > 0.5"}, "columns"),
        ({"loss": "mse", "by": ["kind"]}, "columns"),
        ({"loss": "mse", "ci": "normal"}, "options"),
    ],
)
def test_states_of_other_plans_are_refused_with_what_differs(options, what, tmp_path):
    _, one, two = written(tmp_path)
    states = [
        saved(one, tmp_path / "1", loss="mse", **NUMBERS),
        saved(two, tmp_path / "2", **options, **NUMBERS),
    ]
    with pytest.raises(DataError, match=f"its {what} are not those of"):
        merge(states)


def test_other_edges_are_refused_with_the_option_that_gives_them(tmp_path):
    _, *parts = written(tmp_path)
    states = [saved(p, f"{p}.state", loss="mse", by=["p:bins=3"], **NUMBERS) for p in parts]
    with pytest.raises(DataError, match="its slices are not those of") as refused:
        merge(states)
    assert "edges=" in (refused.value.hint or "")


def test_bins_of_one_state_are_those_of_the_call(tmp_path):
    whole, *_ = written(tmp_path)
    options = {"loss": "mse", "by": ["p:quantiles=3", "q:bins=4+kind"], **NUMBERS}
    assert known(merge([saved(whole, tmp_path / "s", **options)])) == known(evaluate(whole, **options))


def test_rows_paired_by_key_and_by_position_are_merged(tmp_path):
    whole = table()
    for name, rows in (("whole", whole), ("one", whole[:CUT]), ("two", whole[CUT:])):
        pq.write_table(rows.select(["id", "p"]), tmp_path / f"{name}.p.parquet")
        pq.write_table(
            rows.select(["id", "y"]).take(list(range(len(rows)))[::-1]), tmp_path / f"{name}.y.parquet"
        )
    files = {
        name: [str(tmp_path / f"{name}.{side}.parquet") for side in "py"] for name in ("whole", "one", "two")
    }
    options = {"loss": "mse,r2", "on": "id", "ci": "bootstrap:seed=3"}
    states = []
    for name in ("one", "two"):
        states.append(str(tmp_path / f"{name}.state"))
        evaluate(*files[name], state_out=states[-1], **options)
    wanted = evaluate(*files["whole"], **options)
    assert known(merge(states)) == known(wanted)
    assert merge(states).rows == wanted.rows


def test_the_bootstrap_of_rows_by_their_number_is_not_merged_over_inputs(tmp_path):
    _, *parts = written(tmp_path)
    states = [saved(p, f"{p}.state", loss="mse", ci="bootstrap", **NUMBERS) for p in parts]
    with pytest.raises(DataError, match="by their number"):
        merge(states)
    assert known(merge(states[:1])) == known(evaluate(parts[0], loss="mse", ci="bootstrap", **NUMBERS))


def test_rows_that_two_states_hold_are_refused(tmp_path):
    whole, *_ = written(tmp_path)
    states = [saved(whole, tmp_path / name, loss="mse", **NUMBERS) for name in "ab"]
    with pytest.raises(DataError, match="holds rows that"):
        merge(states)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"loss": "medae"}, "order statistics are not saved"),
        ({"loss": "mse", "constant": True}, "best constant"),
    ],
)
def test_what_is_no_part_of_a_state_is_a_usage_error(options, why, tmp_path):
    whole, *_ = written(tmp_path)
    with pytest.raises(UsageError, match=why):
        saved(whole, tmp_path / "s", **options, **NUMBERS)
    assert not (tmp_path / "s").exists()


def parts_of(path, folder, count, **options):
    states = []
    for part in range(1, count + 1):
        states.append(str(folder / f"{part}.state"))
        evaluate(path, state_out=states[-1], shard=f"{part}/{count}", **options)
    return states


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("suffix", ["csv", "parquet", "groups.parquet"])
def test_parts_by_position_give_the_bits_of_the_whole(suffix, jobs, tmp_path, monkeypatch):
    path = str(tmp_path / f"rows.{suffix}")
    if suffix == "csv":
        table().to_pandas().to_csv(path, index=False)
    else:
        pq.write_table(table(), path, row_group_size=41 if "groups" in suffix else None)
    for rows in ("SEGMENT_ROWS", "TEXT_ROWS"):
        monkeypatch.setattr(f"losscli.pairing.position.{rows}", 60)
    ci = "bootstrap" if (suffix, jobs) == ("csv", 4) else "normal"  # it takes its time
    options = NUMBERS | {"loss": "mse,r2", "by": ["kind", "q:bins=3"], "ci": ci, "weight": "w"}
    states = parts_of(path, tmp_path, 7, chunk_rows=16, jobs=jobs, **options)
    whole = evaluate(path, **options)
    assert known(merge(states[::-1])) == known(whole)
    assert merge(states).rows == whole.rows
    assert merge(states).inputs == whole.inputs


def document_of(state):
    with open(state) as file:
        return json.load(file)


def two_sides(folder, suffix):
    """The rows in two files, in another order, each with keys that the other lacks and with missing keys."""
    whole, paths = table(), [str(folder / f"{side}.{suffix}") for side in "py"]
    rng = np.random.default_rng(18)
    ids = pa.array([None if at % 50 == 0 else f"k{at}" if suffix == "csv" else at for at in range(ROWS)])
    whole = whole.set_column(0, "id", ids)
    sides = (
        (["id", "p", "told", "g", "gw"], rng.permutation(ROWS)[10:]),
        (["id", "y", "kind", "w"], rng.permutation(ROWS)[:-10]),
    )
    for path, (columns, rows) in zip(paths, sides, strict=True):
        if suffix == "csv":
            whole.select(columns).take(rows).to_pandas().to_csv(path, index=False)
        else:
            pq.write_table(whole.select(columns).take(rows), path)
    return paths


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    "options",
    [
        {"loss": "mse,r2,mae", "weight": "w", "by": ["kind"], "ci": "normal", **NUMBERS},
        {"loss": "f1,accuracy", "pred": "told", "label": "kind", "min_slice": 20, "by": ["g"]},
        {"loss": "mae", "ci": "bootstrap", **NUMBERS},
        {"loss": "mae,rmse", "group": "g", "group_weight": "gw", **NUMBERS},
    ],
)
def test_parts_by_key_give_the_bits_of_the_whole(options, suffix, tmp_path):
    preds, labels = two_sides(tmp_path, suffix)
    options = options | {"on": "id", "unmatched": "drop"}
    states = []
    for part in range(1, 6):
        states.append(str(tmp_path / f"{part}.state"))
        evaluate(preds, labels, state_out=states[-1], shard=f"{part}/5", jobs=1 + part % 2, **options)
    whole = evaluate(preds, labels, **options)
    assert whole.rows.only_preds > 0 < whole.rows.only_labels
    assert known(merge(states[::-1])) == known(whole)
    assert merge(states).rows == whole.rows
    assert all(0 < merge([state], partial=True).rows.used < whole.rows.used for state in states)


def test_a_key_is_in_the_same_part_however_wide_the_keys_beside_it_are(tmp_path):
    short, long = tmp_path / "short.csv", tmp_path / "long.csv"
    ids = [f"k{at}" for at in range(40)]
    short.write_text("id,pred\n" + "".join(f"{one},{at}\n" for at, one in enumerate(ids)))
    long.write_text("id,label\n" + "".join(f"{one},0\n" for one in ["k" * 90, *ids[::-1]]))
    used = []
    for part in (1, 2, 3):
        state = tmp_path / f"{part}.state"
        options = {"on": "id", "unmatched": "drop", "state_out": str(state), "shard": f"{part}/3"}
        used.append(evaluate(str(short), str(long), loss="mse", **options).rows.used)
    assert sum(used) == 40


def test_the_part_of_a_key_is_the_same_everywhere():
    """The numbers are SplitMix64's, worked out apart from the package."""

    def spread(word):
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
        return word ^ (word >> 31)

    integers = np.array([0, 7, -1], dtype=np.int64)
    wanted = [spread(spread(int(word) % 2**64)) for word in integers]
    assert hashed([integer_key(integers).words]).tolist() == wanted
    text = int.from_bytes(b"k7\x01", "little")  # its bytes, and one that ends it
    assert hashed([words_of_texts(["k7"])]).tolist() == [spread(spread(text))]
    assert HashShare(2, 3).holds(np.array([5, 6], dtype=np.uint64)).tolist() == [True, False]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_parts_of_groups_hold_whole_groups(suffix, tmp_path):
    path = str(tmp_path / f"rows.{suffix}")
    table().to_pandas().to_csv(path, index=False) if suffix == "csv" else pq.write_table(table(), path)
    options = NUMBERS | {"loss": "mae,r2:undefined=skip", "group": "g", "group_weight": "gw", "by": ["kind"]}
    states = parts_of(path, tmp_path, 4, chunk_rows=32, **options)
    whole = evaluate(path, **options)
    assert known(merge(states)) == known(whole)
    assert merge(states).rows == whole.rows
    groups = []
    for state in states:
        document = document_of(state)
        assert document["shard"]["by"] == "group"
        groups += [label for (label,) in document["tally"]["labels"][1]]
    assert len(groups) == len(set(groups)) == 41


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_parts_of_matching_folders_are_whole_files(suffix, tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "y").mkdir()
    cuts = [0, 40, 45, 45, 190, 220, ROWS]
    for at, (start, stop) in enumerate(pairwise(cuts)):
        for side in "py":
            rows, path = table().select([side]).slice(start, stop - start), tmp_path / side / f"{at}.{suffix}"
            rows.to_pandas().to_csv(path, index=False) if suffix == "csv" else pq.write_table(rows, path)
    preds, labels = str(tmp_path / "p"), str(tmp_path / "y")
    options = NUMBERS | {"loss": "mse", "ci": "bootstrap"}
    states = []
    for part in range(1, 5):
        states.append(str(tmp_path / f"{part}.state"))
        evaluate(preds, labels, state_out=states[-1], shard=f"{part}/4", **options)
    whole = evaluate(preds, labels, **options)
    assert known(merge(states)) == known(whole)
    assert [document_of(state)["rows"]["used"] for state in states] == [190, 0, 110, 0]


def test_parts_by_key_without_a_common_key_are_refused_when_they_are_merged(tmp_path):
    paths = [tmp_path / f"{side}.csv" for side in "py"]
    paths[0].write_text("id,pred\n1,2\n3,4\n")
    paths[1].write_text("id,label\n5,2\n7,4\n")
    states = []
    for part in (1, 2):
        states.append(str(tmp_path / f"{part}.state"))
        options = {"on": "id", "unmatched": "drop", "state_out": states[-1], "shard": f"{part}/2"}
        evaluate(*map(str, paths), loss="mse", **options)
    with pytest.raises(DataError, match="nothing is left to measure"):
        merge(states)


def test_a_part_may_hold_no_row_or_nothing_that_could_be_finished(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("pred,label,g\na,a,x\nb,c,y\nc,b,y\n")
    options = {"loss": "f1", "by": ["g"], "pos_label": "a", "where": "g != 'x' or pred == 'a'"}
    states = parts_of(str(path), tmp_path, 5, **options)
    assert known(merge(states)) == known(evaluate(str(path), **options))


def test_absent_and_repeated_parts_are_refused_and_partial_says_which_are_absent(tmp_path):
    whole, *_ = written(tmp_path)
    one, two, three = parts_of(whole, tmp_path, 3, loss="mse", **NUMBERS)
    with pytest.raises(DataError, match=r"of the 3 parts of .*, 2 is absent") as refused:
        merge([one, three])
    assert "--partial" in (refused.value.hint or "")
    report = merge([one, three], partial=True)
    assert report.rows.used == 200
    assert "2 is absent" in (report.results[0].note or "")
    assert merge([two, one, three], partial=True).results[0].note is None
    with pytest.raises(DataError, match="holds rows that"):
        merge([one, two, one, three])
    complete = saved(whole, tmp_path / "whole.state", loss="mse", **NUMBERS)
    with pytest.raises(DataError, match="holds rows that"):
        merge([complete, one])
    (tmp_path / "other").mkdir()
    other = parts_of(whole, tmp_path / "other", 2, loss="mse", **NUMBERS)
    with pytest.raises(DataError, match="is part 1/2 by position of"):
        merge([one, other[0]])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"shard": "0/3"}, "is no part"),
        ({"shard": "4/3"}, "is no part"),
        ({"shard": "half"}, "is no part"),
        ({"shard": "1/2", "max": {"mse": 1.0}}, "is not judged"),
        ({"shard": "1/2", "state_out": None}, "state_out"),
    ],
)
def test_a_part_that_cannot_be_is_a_usage_error(options, why, tmp_path):
    whole, *_ = written(tmp_path)
    with pytest.raises(UsageError, match=why):
        evaluate(whole, **{"state_out": str(tmp_path / "s"), "loss": "mse", **NUMBERS, **options})


def test_files_of_unequal_lengths_have_no_parts(tmp_path):
    one, two = tmp_path / "p.csv", tmp_path / "y.csv"
    one.write_text("pred\n1\n2\n3\n")
    two.write_text("label\n1\n2\n")
    with pytest.raises(DataError, match=r"has 2 rows and .* has 3"):
        evaluate(str(one), str(two), loss="mse", state_out=str(tmp_path / "s"), shard="1/2")


def changed(document, *keys, to):
    held = document
    for key in keys[:-1]:
        held = held[key]
    held[keys[-1]] = to
    document["digest"] = digest_of(document)
    return document


@pytest.mark.parametrize(
    ("keys", "to"),
    [
        (("schema",), "losscli.result/1"),
        (("plan",), "0"),
        (("call", "loss"), ["no_such_loss"]),
        (("call", "loss"), ["mae"]),
        (("call", "nan"), "maybe"),
        (("edges",), [{}]),
        (("inputs", 0, "types"), []),
        (("inputs", 0, "columns"), []),
        (("rows", "used"), -1),
        (("more",), 1),
        (("tally", "states", 0, "kind"), "other"),
        (("tally", "states", 0, "unit"), 7),
        (("tally", "states", 0, "held"), {}),
        (("tally", "states", 0, "held"), {"used": [1.5]}),
        (("tally", "states", 1, "slicing"), 7),
        (("tally", "states", 1, "held", "rows"), "x"),
        (("tally", "states", 1, "held", "totals"), None),
        (("tally", "labels"), []),
        (("tally", "states", 2, "held", "totals"), []),
        (("tally", "states", 2, "held", "weight"), None),
        (("tally", "states", 0, "held"), {"lost": 300}),
        (("tally", "marks"), [{"side": 3, "slot": 9, "mark": "NA", "row": 1}]),
    ],
)
def test_a_forged_state_is_a_data_error(keys, to, tmp_path):
    whole, *_ = written(tmp_path)
    path = saved(whole, tmp_path / "s", loss="mse", by=["kind"], **NUMBERS)
    with open(path) as file:
        document = changed(json.load(file), *keys, to=to)
    with open(path, "w") as file:
        json.dump(document, file)
    with pytest.raises(DataError) as refused:
        merge([path])
    assert refused.value.file == path


def test_a_state_that_was_changed_is_a_data_error(tmp_path):
    whole, *_ = written(tmp_path)
    path = saved(whole, tmp_path / "s", loss="mse", **NUMBERS)
    with open(path) as file:
        text = file.read()
    for broken, why in (
        (text.replace('"used":300', '"used":299'), "changed after"),
        (text[:-9], "JSON"),
        ("[]", "object"),
    ):
        with open(path, "w") as file:
            file.write(broken)
        with pytest.raises(DataError, match=why):
            merge([path])


def test_the_command_merges_judges_and_writes_as_check_does(tmp_path, capfd):
    _, *parts = written(tmp_path)
    states = [f"{part}.state" for part in parts]
    for part, state in zip(parts, states, strict=True):
        assert main(["eval", part, "-p", "p", "-y", "y", "-l", "mse", "--state-out", state]) == 0
    capfd.readouterr()
    assert main(["merge", *states, "-f", "value"]) == 0
    assert float(capfd.readouterr().out) == merge(states).results[0].value
    result = str(tmp_path / "result.json")
    assert main(["merge", *states, "--max", "mse=0.001", "-o", result]) == 1
    assert main(["check", result, "--max", "mse=10"]) == 0
    assert main(["merge", str(tmp_path / "no.state")]) == 3
    assert main(["merge"]) == 2
