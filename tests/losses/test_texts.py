"""Losses of texts: edits of words and of signs, exact matches, perplexity."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import pytest

from losscli.losses.alignment import edits_and_hits, fewest_edits
from losscli.report.evaluate import evaluate

PAIRS = [("a b c d", "a b x"), ("the cat", "the cat sat"), ("Zürich ist", "Zurich ist")]
TEXTS = ["label,pred", *(f"{label},{pred}" for label, pred in PAIRS)]
DICTATION = str(Path(__file__).parents[2] / "sample_data" / "dictation.csv")


@pytest.fixture(autouse=True)
def _in_an_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def metrics(*sources, loss, **options):
    return evaluate(*map(str, sources), loss=loss, **options).metrics


# ---------------------------------------------------------------------- alignments


@pytest.mark.parametrize(
    ("one", "other", "edits", "hits"),
    [
        ("kitten", "sitting", 3, 4), ("", "", 0, 0), ("", "ab", 2, 0), ("ab", "", 2, 0), ("abc", "abc", 0, 3),
        # Of the two ways in two edits, replacing both keeps nothing and moving one keeps one.
        ("ab", "ba", 2, 1), ("ab", "bc", 2, 1),
        ("a" * 200 + "b", "b" + "a" * 200, 2, 200), (["x", "y"], ["x", "z", "y"], 1, 2),
    ],
)  # fmt: skip
def test_an_alignment_has_the_fewest_edits_and_of_these_the_most_hits(one, other, edits, hits):
    assert fewest_edits(one, other) == edits
    assert edits_and_hits(one, other) == (edits, hits)


# ---------------------------------------------------------------------- values


def test_rates_are_sums_of_edits_over_sums_of_lengths(text):
    path = text("t.csv", TEXTS)
    found = metrics(path, loss=["wer", "mer", "wip", "wil", "exact_match"])
    # Words: 2 of 4 (c replaced, d left out), 1 inserted beside 2, 1 of 2 replaced; kept are 2, 2 and 1.
    assert found["wer"] == (2 + 1 + 1) / (4 + 2 + 2)
    assert found["mer"] == 4 / (4 + 5)
    assert found["wip"] == float(Fraction(5 * 5, 8 * 8))
    assert found["wil"] == float(1 - Fraction(5 * 5, 8 * 8))
    assert found["exact_match"] == 0.0


def test_signs_are_code_points_spaces_among_them(text):
    path = text("t.csv", TEXTS)
    found = metrics(path, loss=["cer", "edit_distance"])
    # "a b c d" → "a b x": 3 edits of 7 signs; " sat" is inserted: 4 of 7; ü for u: 1 of 10.
    assert found["cer"] == (3 + 4 + 1) / (7 + 7 + 10)
    assert found["edit_distance"] == 8 / 3


def test_a_weight_counts_a_text_as_often(text):
    weighed = text("w.csv", ["label,pred,n", "a b c d,a b x,2", "the cat,the cat sat,1"])
    assert metrics(weighed, loss=["wer"], weight="n", pred="pred", label="label") == {
        "wer": (2 + 2 + 1) / (4 + 4 + 2)
    }


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_every_format_gives_the_same_rates(here, text, tmp_path, suffix):
    if suffix == "csv":
        path = text("t.csv", TEXTS)
    elif suffix == "jsonl":
        path = text("t.jsonl", [json.dumps({"label": label, "pred": pred}) for label, pred in PAIRS])
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = tmp_path / "t.parquet"
        pq.write_table(pa.table({"label": [a for a, _ in PAIRS], "pred": [b for _, b in PAIRS]}), path)
    assert metrics(path, loss=["wer", "cer"], chunk_rows=1) == {"wer": 0.5, "cer": 8 / 24}


def test_case_spaces_and_digits_are_compared_as_they_stand(text):
    path = text("t.csv", ["label,pred", "a b,a  b", "A,a", "1,1.0", "true,True"])
    assert metrics(path, loss=["exact_match", "wer"]) == {"exact_match": 0.0, "wer": 3 / 5}


def test_an_empty_text_is_a_missing_value_and_a_blank_one_has_no_words(here, text):
    text("t.csv", ["label,pred", "a b,", "a b,a b"])
    ran = here("eval", "t.csv", "-l", "wer").block()
    assert (ran.code, "row 1" in ran.err, "every row needs a pred" in ran.err) == (3, True, True)
    assert here("eval", "t.csv", "-l", "wer", "--nan", "drop", "-q", "-f", "value").out == "0.0\n"
    text("b.jsonl", ['{"label": "a b", "pred": " "}', '{"label": "a b", "pred": "a b"}'])
    assert float(here("eval", "b.jsonl", "-l", "wer", "-f", "value").out) == 0.5


def test_labels_without_a_word_have_no_rate(here, text):
    text("t.jsonl", ['{"label": " ", "pred": "a"}'])
    ran = here("eval", "t.jsonl", "-l", "wer,mer,wip", "--json")
    found = {one["loss"]: (one["value"], one["note"]) for one in json.loads(ran.out)["results"]}
    assert found["wer"][0] is None
    assert "no label has a word" in found["wer"][1]
    assert found["mer"][0] == 1.0
    assert found["wip"][0] is None


def test_rates_are_those_of_jiwer():
    # jiwer 4.0.0: process_words(label, pred) and cer(label, pred).
    found = metrics(DICTATION, loss=["wer", "mer", "wil", "wip", "cer"], pred="pred", label="label")
    assert found["wer"] == 0.125
    assert found["mer"] == 0.12403100775193798
    assert found["wil"] == pytest.approx(0.21450541338582685, rel=1e-15)
    assert found["wip"] == pytest.approx(0.7854945866141732, rel=1e-15)
    assert found["cer"] == 0.057971014492753624


# ---------------------------------------------------------------------- perplexity


def test_perplexity_weighs_texts_by_their_tokens(text):
    path = text("p.csv", ["nll,tokens", "2,1", "1,3"])
    assert metrics(path, loss=["perplexity"], pred="nll=nll,tokens=tokens") == {"perplexity": math.exp(3 / 4)}


def test_perplexity_of_tokens_takes_their_losses_or_their_logs(text):
    path = text("p.csv", ["a,b", "2,-2", "1,-1"])
    for pred in ("nll=a", "logp=b"):
        assert metrics(path, loss=["perplexity"], pred=pred) == {
            "perplexity": pytest.approx(math.exp(1.5), rel=1e-15)
        }


def test_a_perplexity_beyond_the_greatest_double_is_null(text):
    path = text("p.csv", ["nll", "1e300", "1"])
    assert metrics(path, loss=["perplexity"], pred="nll=nll") == {"perplexity": None}


def test_a_log_of_a_probability_above_one_is_refused(here, text):
    text("p.csv", ["b", "2"])
    ran = here("eval", "p.csv", "--pred", "logp=b", "-l", "perplexity").block()
    assert (ran.code, "(-inf, 0]" in ran.err) == (3, True)
