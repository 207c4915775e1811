"""`--plot`: pictures of characters below the table, in any width, without colour and without Unicode."""

from __future__ import annotations

import re

import pexpect
import pytest

from conftest import command, environment
from losscli.report.evaluate import evaluate
from losscli.show import render
from losscli.show.canvas import Canvas
from losscli.show.plot import plots


@pytest.fixture
def scores(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["prob,label,side", "0.1,0,a", "0.4,0,a", "0.35,1,b", "0.8,1,\x1b[31mb"])
    return evaluate("d.csv", loss=["log_loss", "f1", "mse"], pred="prob", by=["side"], pictures="all")


@pytest.mark.parametrize("width", [80, 200, 20])
@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("name", ["loss", "residuals", "calibration", "confusion", "roc", "pr", "by"])
def test_a_picture_fits_its_width_and_uses_only_the_characters_there_are(scores, name, width, unicode):
    drawn = plots(scores, name, Canvas(width, False, unicode))
    assert drawn
    if width >= 80:
        assert max(map(len, drawn.splitlines())) <= width
    assert "\x1b" not in drawn
    assert unicode or drawn.isascii()


def test_a_histogram_counts_the_rows_and_the_longest_bar_is_the_fullest(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["pred,label", *["0,1"] * 6, *["0,3"] * 3, "0,9"])
    report = evaluate("d.csv", loss=["mae"], pictures="all")
    lines = plots(report, "residuals", Canvas(80, False, False)).splitlines()[1:]
    found = [(int(m[1]), len(m[2])) for line in lines if (m := re.search(r"to \S+ +(\d+) *(#*)$", line))]
    assert sum(count for count, _ in found) == 10
    counts, lengths = zip(*sorted((pair for pair in found if pair[0]), reverse=True), strict=True)
    assert counts == (6, 3, 1)
    assert lengths[1:] == (pytest.approx(lengths[0] / 2, abs=1), pytest.approx(lengths[0] / 6, abs=1))


def test_bars_by_slice_hold_the_values(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["pred,label,s", "0,4,a", "0,1,b"])
    drawn = plots(evaluate("d.csv", loss=["mae"], by=["s"], pictures="all"), "by", Canvas(80, False, False))
    lengths = {m[1]: len(m[2]) for m in re.finditer(r"s=(\w) \d (#+)", drawn)}
    assert lengths["b"] == pytest.approx(lengths["a"] / 4, abs=1)


def test_a_confusion_is_a_line_a_label(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["pred,label", "x,x", "x,y", "x,y", "y,y"])
    drawn = plots(evaluate("d.csv", loss=["accuracy"], pictures="all"), "confusion", Canvas(80))
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


@pytest.fixture
def sliced(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["pred,label,s", *["0,1,a"] * 8, *["0,9,b"] * 2])
    return evaluate("d.csv", loss=["mae"], by=["s"], pictures="losses")


def test_beside_its_number_a_loss_shows_how_many_rows_lose_how_much(sliced):
    drawn = render("table", [sliced], Canvas(80, pictures=True))
    (line,) = [line for line in drawn.splitlines() if line.startswith("mae ") and "s=" not in line]
    assert line.endswith("1 █" + " " * 8 + "▂ 9")


def test_bars_beside_the_slices_are_as_long_as_their_values(sliced):
    drawn = render("table", [sliced], Canvas(80, pictures=True)).splitlines()
    lengths = {m[1]: len(m[2]) for line in drawn if (m := re.match(r"mae +s=(\w).*?(█+)", line))}
    assert lengths == {"a": 1, "b": 10}  # 1 against 9


def test_pictures_beside_the_table_are_plain_characters_where_there_is_no_unicode(sliced):
    drawn = render("table", [sliced], Canvas(80, unicode=False, pictures=True))
    assert drawn.isascii()
    assert "##########" in drawn


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_pictures_beside_the_table_give_way_where_there_is_no_room(sliced, width):
    drawn = render("table", [sliced], Canvas(width, pictures=True))
    assert max(map(len, drawn.splitlines())) <= width
    assert ("loss of each row" in drawn) == (width >= 80)


def test_a_table_that_is_written_to_a_file_or_a_pipe_has_no_pictures(sliced, here):
    assert "█" not in render("table", [sliced], Canvas(80))
    ran = here("eval", "d.csv", "-l", "mae", "--by", "s", "-f", "table")
    assert ran.code == 0
    assert "█" not in ran.out


def test_a_curve_of_a_result_is_drawn_in_place_of_that_from_bins(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["prob,label", "0.1,0", "0.4,0", "0.35,1", "0.8,1"])
    both = evaluate("d.csv", loss=["auc", "log_loss"], pred="prob", pictures="all")
    drawn = plots(both, "roc", Canvas(80, False, False))
    assert drawn.count("ROC: prob") == 1
    assert "auc is 0.75" in drawn
    assert "from scores in bins" in plots(both, "pr", Canvas(80, False, False))


def test_curves_of_several_models_have_marks_of_their_own_and_a_line_that_names_them(
    text, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["a,b,label", "0.1,0.9,0", "0.4,0.3,0", "0.35,0.2,1", "0.8,0.1,1"])
    both = evaluate("d.csv", loss=["auc"], pred=["a", "b"], pictures="all")
    drawn = plots(both, "roc", Canvas(80, False, False))
    assert drawn.startswith("ROC: true positive rate")
    assert "  * a: auc is 0.75\n  x b: auc is 0\n" in drawn
    assert drawn.count("*") > 10
    assert drawn.count("x") > 10


def test_a_loss_of_rows_that_are_all_but_one_alike_is_drawn_whole(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text("d.csv", ["pred,label", *["1,1"] * 400, "1,2"])
    drawn = plots(evaluate("d.csv", loss=["mae"], pictures="all"), "loss", Canvas(80, False, False))
    assert "not drawn" not in drawn
    assert re.search(r" 400 #+$", drawn, re.MULTILINE)
    assert re.search(r" 1 #$", drawn, re.MULTILINE)
