"""The benches run, tiny, and their values agree with the peers'; no time is asserted."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import kept
import odd
import own
import scale

import bench

ONCE = {(case.kind, case.suffix, case.losses): name for name, case in bench.CASES.items()}
"""Of cases that differ by their number of rows, one."""


@pytest.mark.parametrize("name", ONCE.values())
def test_each_case_runs_on_a_few_rows_and_agrees_with_the_peers_that_are_installed(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = bench.CASES[name]
    installed = tuple(peer for peer in case.peers if peer in bench.NO_WORK or importlib.util.find_spec(peer))
    ratio = bench.run_case(name, replace(case, rows=1000, peers=installed or ("imports",)), tmp_path, 0, 1.0)
    assert ratio > 0.0
    assert f"{name}: " in capsys.readouterr().out


def test_odd_files_have_the_bits_of_plain_ones_and_their_cost_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ratios = odd.run(tmp_path, (), 3000, 0)
    assert set(ratios) == {*odd.PARQUET, *odd.CSV}
    assert "1000-csv-files" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", own.SUFFIXES)
def test_what_a_further_row_loss_and_core_cost_is_printed(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reached = own.run(tmp_path, suffix, 0, 1e-4)
    printed = capsys.readouterr().out
    assert all(said in printed for said, _, _ in reached)


def test_losses_that_keep_every_row_fit_into_a_limited_address_space(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(kept.run(tmp_path, (), 0, 1e-4)) == set(kept.LOSSES)
    assert "with a limit" in capsys.readouterr().out


def test_what_many_machines_would_give_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("distributed")
    found = scale.run(tmp_path, 3000, 4, 20, processes=False)
    printed = capsys.readouterr().out
    assert all(f"\n{workers:8,}" in printed for workers in scale.WORKERS)
    assert found.state_bytes > 0
    # Reading is shared by workers, and the scheduler is not.
    few, many = found.seconds(10), found.seconds(1000)
    assert few["reading"] == pytest.approx(100 * many["reading"])
    assert many["scheduler"] == pytest.approx(100 * few["scheduler"])
    most = found.seconds(round(found.most_workers))
    assert most["reading"] == pytest.approx(most["scheduler"], rel=0.1)
