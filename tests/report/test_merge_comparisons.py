"""States that `compare --state-out` saves and `merge` adds up and judges."""

from __future__ import annotations

import pytest
from tables import table, two_models

from losscli.cli import main
from losscli.errors import DataError, UsageError
from losscli.report.compare import compare
from losscli.report.evaluate import evaluate
from losscli.report.merge import merge

MODELS = {"pred": ("a", "b"), "label": "label"}
CLASSES = {"pred": ("ca", "cb"), "label": "k"}

CALLS = {
    "means and roots": MODELS | {"loss": "mae,rmse"},
    "a mean and a function of the same rows": MODELS | {"loss": "mse,psnr:range=4"},
    "no means": MODELS | {"loss": "r2,max_error"},
    "weights and slices": MODELS | {"loss": "mae,r2", "weight": "w", "by": ["g", "k+g"], "min_slice": 30},
    "rates": CLASSES | {"loss": "zero_one,f1", "by": ["g"]},
    "a bootstrap of rows": MODELS | {"loss": "mae,r2", "by": ["k"], "ci": "bootstrap:seed=4"},
    "a bootstrap of clusters": MODELS | {"loss": "rmse", "by": ["g"], "ci": "bootstrap:cluster=g"},
    "rows that one model skips": MODELS | {"loss": "mape:zero=skip", "where": "k == 1"},
}


def saved(folder, count, *paths, **options):
    """The states of the parts of one comparison."""
    states = [str(folder / f"{at}.state") for at in range(1, count + 1)]
    for at, state in enumerate(states, start=1):
        compare(*paths, state_out=state, shard=f"{at}/{count}", **options)
    return states


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("name", CALLS)
def test_parts_of_a_comparison_give_the_bits_of_the_whole(name, tmp_path):
    path = table(tmp_path, two_models(3))
    states = saved(tmp_path, 3, path, **CALLS[name])
    assert merge(states[::-1]) == compare(path, **CALLS[name])


def three_files(folder, rows=240):
    """Two models and the labels, in different orders, each without a row that the others have."""
    d, sides = two_models(5, rows), []
    for at, (name, step) in enumerate((("a", 1), ("b", -1), ("label", 7))):
        order = [row * step % rows for row in range(rows) if row != at]
        columns = {"id": order, "y" if name == "label" else "pred": d[name][order]}
        sides.append(table(folder, columns, f"{name}.csv"))
    return sides


def test_three_files_are_compared_in_parts_by_the_hash_of_the_key(tmp_path):
    paths = three_files(tmp_path)
    options = {"loss": "mae,rmse", "label": "y", "on": "id", "unmatched": "drop", "ci": "bootstrap"}
    whole = compare(*paths, **options)
    assert whole.rows.only_head == 2
    assert merge(saved(tmp_path, 4, *paths, **options)) == whole


def test_three_files_are_compared_in_parts_by_position(tmp_path):
    d = two_models(7)
    paths = [
        table(tmp_path, {"pred" if at < 2 else "y": d[name]}, f"{name}.csv")
        for at, name in enumerate(("a", "b", "label"))
    ]
    assert merge(saved(tmp_path, 3, *paths, loss="mae")) == compare(*paths, loss="mae")


def test_a_comparison_of_other_days_is_added(tmp_path):
    d = two_models(9)
    whole = compare(table(tmp_path, d), loss="mae,rmse", by=["g"], **MODELS)
    states = []
    for day, rows in (("one", slice(0, 100)), ("two", slice(100, None))):
        path = table(tmp_path, {name: column[rows] for name, column in d.items()}, f"{day}.csv")
        states.append(str(tmp_path / f"{day}.state"))
        found = compare(path, loss="mae,rmse", by=["g"], state_out=states[-1], **MODELS)
        assert found.comparisons == merge(states[-1:]).comparisons
    merged = merge(states)
    assert merged.comparisons == whole.comparisons
    assert [one.path for one in merged.inputs] == [str(tmp_path / "one.csv"), str(tmp_path / "two.csv")]


def test_the_margin_and_the_verdicts_that_fail_are_those_of_the_merging(tmp_path):
    path = table(tmp_path, two_models(3))
    states = saved(tmp_path, 2, path, loss="mae", **MODELS)
    for rule in ({}, {"margin": 5.0, "fail_on": ("same",)}, {"fail_on": ()}):
        assert merge(states, **rule) == compare(path, loss="mae", **MODELS, **rule)
    assert not merge(states, margin=5.0, fail_on=("same",)).passed


def test_absent_parts_are_said_of_the_whole_and_of_what_failed(tmp_path):
    states = saved(tmp_path, 2, table(tmp_path, two_models(3)), loss="mae", by=["g"], **MODELS)
    with pytest.raises(DataError, match="2 is absent"):
        merge(states[:1])
    found = merge(states[:1], partial=True, fail_on=("better", "same", "worse", "inconclusive"))
    assert "not of all rows" in found.failed[0].note
    assert found.failed == found.comparisons
    assert not any("not of all rows" in (one.note or "") for one in found.comparisons if one.slice)


def test_states_of_a_comparison_and_of_a_measurement_are_not_merged(tmp_path):
    path = table(tmp_path, two_models(3))
    (one,) = saved(tmp_path, 1, path, loss="mae", **MODELS)
    two = str(tmp_path / "eval.state")
    evaluate(path, loss="mae", state_out=two, **MODELS)
    with pytest.raises(DataError, match="its commands are not those of"):
        merge([one, two])
    with pytest.raises(UsageError, match="has verdicts and no limits"):
        merge([one], max={"mae": 1.0})
    with pytest.raises(UsageError, match="are of comparisons"):
        merge([two], margin=1.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"time": "w"}, "order of time"),
        ({"loss": "medae"}, "order statistics are not saved"),
        ({"shard": "1/2", "margin": 1.0}, "a part of the rows is not judged"),
        ({"shard": "1/2", "state_out": None}, "add `--state-out FILE`"),
        ({"shard": "3/2"}, "is no part"),
    ],
)
def test_what_no_state_of_a_comparison_holds_is_refused(options, said, tmp_path):
    path = table(tmp_path, two_models(3))
    with pytest.raises(UsageError) as refused:
        compare(path, **{"loss": "mae", "state_out": str(tmp_path / "s"), **MODELS, **options})
    assert said in f"{refused.value.message} {refused.value.hint}"


def test_the_commands_compare_parts_and_merge_them(tmp_path, capsys):
    path, states = table(tmp_path, two_models(3)), []
    call = [path, "-y", "label", "-p", "a", "-p", "b", "-l", "mae"]
    for at in (1, 2):
        states.append(str(tmp_path / f"{at}.state"))
        assert main(["compare", *call, "--state-out", states[-1], "--shard", f"{at}/2"]) == 0
        assert capsys.readouterr() == (
            "", f"part {at}/2: 120 rows in {states[-1]}; `losscli merge` finishes all parts\n",
        )  # fmt: skip
    codes = main(["compare", *call, "-f", "csv"]), main(["merge", *states, "-f", "csv"])
    whole, merged = capsys.readouterr().out.split("loss,")[1:]
    assert codes[0] == codes[1]
    assert whole == merged
    assert main(["merge", *states, "-f", "csv", "--fail-on", "", "--margin", "9"]) == 0
    assert main(["merge", *states, "-f", "junit"]) == 2
    assert main(["merge", *states, "--top", "1"]) == 2
    assert main(["compare", "a.json", "b.json", "--state-out", states[0]]) == 2
