"""`--plot`: pictures of characters below the table, in any width, without colour and without Unicode."""

from __future__ import annotations

import re

import pexpect
import pytest

from conftest import command, environment
from losscli.evaluation import evaluate
from losscli.formats import Look
from losscli.formats.plot import plots


@pytest.fixture
def scores(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["prob,label,side", "0.1,0,a", "0.4,0,a", "0.35,1,b", "0.8,1,\x1b[31mb"])
    return evaluate("d.csv", loss=["log_loss", "f1", "mse"], pred="prob", by=["side"], pictures=True)


@pytest.mark.parametrize("width", [80, 200, 20])
@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("name", ["loss", "residuals", "calibration", "confusion", "roc", "pr", "by"])
def test_a_picture_fits_its_width_and_uses_only_the_characters_there_are(scores, name, width, unicode):
    drawn = plots(scores, name, Look(width, False, unicode))
    assert drawn
    if width >= 80:
        assert max(map(len, drawn.splitlines())) <= width
    assert "\x1b" not in drawn
    assert unicode or drawn.isascii()


def test_a_histogram_counts_the_rows_and_the_longest_bar_is_the_fullest(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["pred,label", *["0,1"] * 6, *["0,3"] * 3, "0,9"])
    report = evaluate("d.csv", loss=["mae"], pictures=True)
    lines = plots(report, "residuals", Look(80, False, False)).splitlines()[1:]
    found = [(int(m[1]), len(m[2])) for line in lines if (m := re.search(r"to \S+ +(\d+) *(#*)$", line))]
    assert sum(count for count, _ in found) == 10
    counts, lengths = zip(*sorted((pair for pair in found if pair[0]), reverse=True), strict=True)
    assert counts == (6, 3, 1)
    assert lengths[1:] == (pytest.approx(lengths[0] / 2, abs=1), pytest.approx(lengths[0] / 6, abs=1))


def test_bars_by_slice_hold_the_values(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["pred,label,s", "0,4,a", "0,1,b"])
    drawn = plots(evaluate("d.csv", loss=["mae"], by=["s"], pictures=True), "by", Look(80, False, False))
    lengths = {m[1]: len(m[2]) for m in re.finditer(r"s=(\w) \d (#+)", drawn)}
    assert lengths["b"] == pytest.approx(lengths["a"] / 4, abs=1)


def test_a_confusion_is_a_line_a_label(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["pred,label", "x,x", "x,y", "x,y", "y,y"])
    drawn = plots(evaluate("d.csv", loss=["accuracy"], pictures=True), "confusion", Look(80))
    assert [line.split() for line in drawn.splitlines()[1:]] == [
        ["label", "x", "y"],
        ["x", "1", "0"],
        ["y", "2", "1"],
    ]


def test_a_picture_is_drawn_on_a_terminal_and_not_in_a_pipe(text, here, tmp_path):
    text("d.csv", ["pred,label", "0,1", "0,3"])
    assert here("eval", "d.csv", "-l", "mae", "--plot", "residuals").out.startswith("loss,")
    program, *rest = command()
    run = pexpect.spawn(
        program, [*rest, "eval", "d.csv", "-l", "mae", "--plot", "residuals"], cwd=str(tmp_path), encoding="utf-8",
        env=environment({"TERM": "xterm", "LANG": "C.UTF-8"}), dimensions=(40, 80), timeout=30,
    )  # fmt: skip
    run.expect(pexpect.EOF)
    run.close()
    assert run.exitstatus == 0
    assert "Residuals of pred" in run.before
    assert "█" in run.before


def test_a_picture_that_nobody_knows_is_refused(pair, here):
    ran = here("eval", *pair, "-l", "mae", "--plot", "pie").block()
    assert ran.code == 2
    assert "calibration" in ran.err
