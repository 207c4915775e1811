"""The benches run, tiny, and their values agree with the peers'; no time is asserted."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from conftest import Ran

sys.path.insert(0, str(Path(__file__).parent))

import data
import kept
import odd
import own
import peers
import scale

import bench

ONCE = {
    (case.kind, case.suffix, case.losses): name for name, case in bench.CASES.items() if case.kind != "help"
}
"""Of cases that differ by their number of rows, one."""


@pytest.mark.parametrize("name", ONCE.values())
def test_the_peers_that_are_installed_have_the_values_of_each_case(
    name: str, tmp_path: Path, here: Callable[..., Ran]
) -> None:
    case = bench.CASES[name]
    preds, labels = data.files(tmp_path, case.kind, case.suffix, 1000)
    ran = here(*bench.command("losscli", case, preds, labels)[len(bench.losscli()) :])
    ours = bench.values_of(ran.out)
    assert len(ours) >= len(case.losses)
    for peer in case.peers:
        if peer not in bench.NO_WORK and importlib.util.find_spec(peer):
            theirs = peers.PEERS[peer](case.kind, str(preds), str(labels), list(case.losses))
            bench.compare(ours, theirs, f"{name}, {peer}")


def test_a_peer_with_another_value_is_noticed() -> None:
    bench.compare([1.0, 2.0], [1.0 + 1e-12, 2.0], "peer")
    with pytest.raises(AssertionError, match=r"peer: 2\.1, losscli 2\.0"):
        bench.compare([1.0, 2.0], [1.0, 2.1], "peer")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in ("key-integers-10M", "help") else pytest.mark.run_all)
        for name in (*ONCE.values(), "help")
    ],
)
def test_each_case_runs_in_processes_and_prints_its_ratio(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = bench.CASES[name]
    installed = tuple(peer for peer in case.peers if peer in bench.NO_WORK or importlib.util.find_spec(peer))
    goal = bench.run_case(name, replace(case, rows=1000, peers=installed or ("imports",)), tmp_path, 0, 1.0)
    assert goal.figure > 0.0
    bench.print_goals([goal])
    assert f"{goal.figure:.2f}  {name}, of " in capsys.readouterr().out


@pytest.mark.parametrize(
    "cases",
    [
        ("unequal-groups", "float32", "quoted", "gz"),
        pytest.param((*odd.PARQUET, *odd.CSV), marks=pytest.mark.run_all),
    ],
    ids=["some", "all"],
)
def test_odd_files_have_the_bits_of_plain_ones_and_their_cost_is_printed(
    cases: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tuple(odd.run(tmp_path, cases, 3000, 0)) == cases
    printed = capsys.readouterr().out
    assert all(f"\n{case} " in printed for case in cases)


@pytest.mark.parametrize(
    "suffix",
    [
        pytest.param(suffix, marks=() if suffix == "csv" else pytest.mark.run_all, id=suffix)
        for suffix in own.SUFFIXES
    ],
)
def test_what_a_further_row_loss_and_core_cost_is_printed(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.print_goals(own.run(tmp_path, suffix, 0, 1e-4))
    printed = capsys.readouterr().out
    assert all(f"{suffix}: {said}" in printed for said in ("MB of", "CPU of a further loss", "two cores"))


def test_losses_that_keep_every_row_fit_into_a_limited_address_space(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, run_all: bool
) -> None:
    if not run_all:  # one that keeps scores, and one that keeps pairs
        monkeypatch.setattr(kept, "LOSSES", {name: kept.LOSSES[name] for name in ("auc", "spearman")})
    assert set(kept.run(tmp_path, (), 0, 1e-4)) == set(kept.LOSSES)
    assert "with a limit" in capsys.readouterr().out


def without_numbers(text: str) -> str:
    """The words of a text on one line."""
    return " ".join(re.sub(r"\d[\d,.]*", "#", text).split())


def test_what_many_machines_would_give_is_printed_as_help_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed")
    found = scale.run(tmp_path, 3000, 4, 20, processes=False)
    printed = capsys.readouterr().out
    guide = without_numbers(resources.files("losscli").joinpath("cli/guide/scale.md").read_text("utf-8"))
    assert without_numbers(printed).partition("cores ")[2] in guide
    assert [line.split()[0] for line in printed.splitlines() if line.startswith("     ")] == [
        "10",
        "100",
        "1,000",
    ]
    assert found.state_bytes > 0
    # Reading is shared by workers, and the scheduler is not.
    few, many = found.seconds(10), found.seconds(1000)
    assert few["reading"] == pytest.approx(100 * many["reading"])
    assert many["scheduler"] == pytest.approx(100 * few["scheduler"])
    most = found.seconds(round(found.most_workers))
    assert most["reading"] == pytest.approx(most["scheduler"], rel=0.1)
