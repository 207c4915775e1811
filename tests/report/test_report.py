"""`losscli report` and `--format html`: one page that needs nothing else, whose pictures come from counts."""

from __future__ import annotations

import json
import math
import random
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from losscli.measure.observers.binned import FINE, Axis, Coverage, Grid, Histogram, Scores, codes_of, power_of


class Seen(HTMLParser):
    """The elements of a page, and the text in it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def drawn(text):
    draw = random.Random(5)
    rows = [(draw.gauss(0, 2), draw.gauss(0, 2), draw.choice("ab")) for _ in range(300)]
    text("d.csv", ["pred,label,side", *(f"{p!r},{y!r},{s}" for p, y, s in rows)])
    text("r.csv", ["pred,label,side", *(f"{p!r},{y!r},{s}" for p, y, s in reversed(rows))])
    return "d.csv"


def without_call(page):
    """The page without what names the call and its file."""
    page = re.sub(r"<dt>command</dt>.*", "", page)
    return page.replace("r.csv", "d.csv")


def test_the_page_shows_gates_losses_pictures_slices_worst_rows_and_how_it_was_made(drawn, here, tmp_path):
    ran = here("report", drawn, "-l", "mse", "--by", "side", "--max", "mse=1", "-o", "r.html")
    assert (ran.code, ran.out) == (1, "")
    assert "gate failed: mse" in ran.err
    page = (tmp_path / "r.html").read_text()
    seen = Seen(page)
    words = " ".join(seen.words)
    for heading in (
        "Gates",
        "Losses",
        "Pictures",
        "Slices by share of the loss",
        "Worst rows",
        "How it was made",
    ):
        assert heading in words
    assert "mse|w:none|pair:position|nan:error" in words
    assert "losscli report d.csv -l mse" in words
    # The loss of each row, residuals, residual by prediction, label by prediction.
    figures = [attrs for tag, attrs in seen.tags if tag == "figure"]
    assert len(figures) == 4
    assert all("300 rows" in figure["aria-label"] for figure in figures)


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(drawn, here):
    ran = here("eval", drawn, "-l", "mse", "-f", "html")
    seen = Seen(ran.out)
    assert not {"script", "link", "iframe", "object", "base", "form"} & {tag for tag, _ in seen.tags}
    policy = next(a["content"] for tag, a in seen.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    for _, attrs in seen.tags:
        assert not [name for name in attrs if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            assert attrs.get(name, "#").startswith(("#", "data:image/png;base64,"))
    held = re.sub(r'"http://www.w3.org/[\w/]*"', "", ran.out)  # names of the languages of SVG
    assert "http" not in held.replace("http-equiv", "")


@pytest.mark.parametrize(
    "way", [("d.csv", "-j", "2", "--chunk-rows", "7"), ("d.csv", "--chunk-rows", "1"), ("r.csv",)]
)
def test_any_cut_and_any_order_of_the_rows_draw_the_same_pictures(drawn, here, way):
    options = ("-l", "mse", "-l", "mae", "--by", "side", "--worst", "0")
    whole = here("report", drawn, *options).out
    assert without_call(here("report", *way, *options).out) == without_call(whole)


def test_scores_are_drawn_as_calibration_roc_and_precision_by_recall(text, here):
    text("d.csv", ["prob,label", "0.1,0", "0.4,0", "0.35,1", "0.8,1"])
    words = " ".join(Seen(here("report", "d.csv", "-p", "prob", "-l", "log_loss", "-l", "f1").out).words)
    # The textbook example: of the four pairs of a positive and a negative, three are in order.
    assert "area about 0.7500" in words
    assert "Calibration: prob" in words
    assert "Precision and recall: prob" in words
    assert "Confusion" in words


def test_quantiles_are_drawn_by_the_share_of_labels_below(text, here):
    text("d.csv", ["q_0.1,q_0.9,label", "1,3,2", "1,3,0", "1,3,4", "1,3,3"])
    words = " ".join(Seen(here("report", "d.csv", "-p", "q_*", "-l", "mean_pinball").out).words)
    assert "0.250 at 0.1, 0.750 at 0.9" in words


def test_a_loss_along_a_number_is_a_curve(text, here):
    text("d.csv", ["epoch,pred,label", *(f"{e},{10 - e},0" for e in range(10))])
    words = " ".join(Seen(here("report", "d.csv", "-l", "mae", "--by", "epoch").out).words)
    assert "mae along epoch: 10 at 0, 1 at 9, least 1 at 9" in words


def test_a_page_of_many_slices_classes_and_rows_stays_below_a_megabyte(text, here):
    draw = random.Random(1)
    text(
        "d.csv",
        ["pred,label,s", *(f"{draw.gauss(0, 1)},{draw.gauss(0, 1)},s{i % 3000}" for i in range(20_000))],
    )
    ran = here("report", "d.csv", "-l", "mse", "-l", "mae", "-l", "huber", "--by", "s", "--worst", "500")
    assert ran.code == 0
    assert len(ran.out.encode()) < 1_000_000


def test_without_a_file_the_page_is_not_for_a_terminal(drawn, here, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    ran = here("report", drawn, "-l", "mse").block()
    assert ran.code == 2
    assert "-o report.html" in ran.err


def test_a_package_that_is_missing_is_named(drawn, here, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    ran = here("report", drawn, "-l", "mse", "-o", "r.html").block()
    assert ran.code == 2
    assert "losscli[report]" in ran.err


def test_the_command_on_the_page_holds_no_secret_of_a_uri(monkeypatch):
    from losscli.cli import outputs

    monkeypatch.setattr(outputs, "called", ["eval", "https://me:secret@host/a.csv?token=secret", "-l", "mse"])
    assert outputs.command_line() == "losscli eval https://host/a.csv -l mse"


# ------------------------------------------------------------------ counts


def columns():
    draw = np.random.default_rng(2)
    yield draw.normal(size=200)
    yield np.concatenate([draw.normal(size=99), [1e300]])
    yield np.array([5e-324, -5e-324, 0.0, 1e308, -1e308])
    yield np.full(7, 3.7)
    yield np.array([1e9, 1e9 + 2**-20])
    yield np.concatenate([draw.lognormal(sigma=5, size=100), [math.inf, -math.inf]])


@pytest.mark.parametrize("values", list(columns()))
def test_counts_of_parts_in_any_order_are_the_counts_of_the_whole(values):
    whole = Histogram.of(values)
    assert whole is not None
    assert whole.counts.sum() == np.isfinite(values).sum()
    draw = random.Random(1)
    for _ in range(5):
        parts = [
            p for p in np.array_split(draw.sample(list(values), len(values)), draw.randint(1, 9)) if len(p)
        ]
        held = None
        for part in parts:
            one = Histogram.of(part)
            held = one if held is None else held if one is None else held.merge(one)
        assert held.axis == whole.axis
        assert held.counts.tolist() == whole.counts.tolist()
    grid = Grid.of(values, values[::-1].copy())
    cut = len(values) // 2
    halves = [Grid.of(values[part], values[::-1][part]) for part in (slice(cut, None), slice(cut))]
    merged = halves[0].merge(halves[1])
    assert (merged.x, merged.y, merged.counts.tolist()) == (grid.x, grid.y, grid.counts.tolist())


def test_a_value_lies_between_the_edges_of_its_bin_and_edges_are_multiples_of_a_power_of_two():
    values = np.random.default_rng(4).normal(size=500) * 1000
    axis, codes = Axis.of(values, FINE)
    edges = axis.edges
    assert ((edges[codes] <= values) & (values < edges[codes + 1])).all()
    assert axis.count <= FINE
    assert (edges / 2.0**axis.power == np.round(edges / 2.0**axis.power)).all()
    # One power less would need too many bins.
    finer = codes_of(np.array([values.min(), values.max()]), power_of(values, FINE) - 1)
    assert finer[1] - finer[0] >= FINE


def test_scores_and_coverage_merge_by_adding():
    label, score = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.2, 0.9, 0.4, 0.7])
    whole, parts = (
        Scores.of(label, score),
        Scores.of(label[:1], score[:1]).merge(Scores.of(label[1:], score[1:])),
    )
    assert [a.tolist() for a in whole.aligned()[1:]] == [a.tolist() for a in parts.aligned()[1:]]
    one = Coverage.of(np.array([1.0]), np.array([[0.0, 2.0]]), (0.1, 0.9))
    both = one.merge(Coverage.of(np.array([-1.0]), np.array([[0.0, 2.0]]), (0.1, 0.9)))
    assert (both.below.tolist(), both.rows) == ([1, 2], 2)


def test_the_page_of_a_comparison_draws_each_difference_with_its_interval(text, here):
    text(
        "d.csv",
        ["label,one,two,s", *(f"{at},{at + at % 2},{at + 3 + at % 2},{'ab'[at % 2]}" for at in range(40))],
    )
    ran = here("compare", "d.csv", "-p", "one", "-p", "two", "-l", "mae", "--by", "s", "-f", "html")
    assert ran.code == 1
    assert "comparison failed: mae of two: worse" in ran.out
    document = json.loads(here("compare", "d.csv", "-p", "one", "-p", "two", "-l", "mae", "--json").out)
    assert f">{document['comparisons'][0]['worse_by']:.6g}</td>" in ran.out
    bars = re.findall(r'class="bar" style="left: ([\d.]+)%; width: ([\d.]+)%"', ran.out)
    assert len(bars) == 3
    # All are worse: they lie to the right of the line of no difference, and within the track.
    (line,) = {float(at) for at in re.findall(r'class="level" style="left: ([\d.]+)%"', ran.out)}
    assert all(float(left) > line and float(left) + float(width) <= 100.5 for left, width in bars)
    assert "no-referrer" in ran.out
    assert "<script" not in ran.out
