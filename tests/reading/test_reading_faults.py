"""Silent wrong answers that readers and losses give elsewhere: the right value or a refusal, never a third thing."""

from __future__ import annotations

import json
import math
import random
import struct
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def value(here):
    """The value of the only loss, bit for bit."""

    def run(*args):
        ran = here("eval", *args, "-f", "value", "-q")
        assert (ran.code, ran.err) == (0, "")
        return float(ran.out)

    return run


@pytest.fixture
def refused(here):
    """The words of the refusal: one block, exit 3, no result."""

    def run(*args):
        ran = here("eval", *args).block()
        assert (ran.code, ran.out) == (3, "")
        return ran.err

    return run


# ── lines and cells ──


def test_blank_lines_at_different_rows_do_not_shift_two_files_against_each_other(refused, value, text):
    preds = text("preds.csv", ["pred", "1", "2", "", "4"])
    labels = text("labels.csv", ["label", "1", "", "3", "4"])
    words = refused(preds, labels, "-l", "mse")
    assert words.startswith(
        ("error: labels.csv, column `label`, row 2: ", "error: preds.csv, column `pred`, row 3: ")
    )
    # Rows 1 and 4 are left.
    assert value(preds, labels, "-l", "mse", "--nan", "drop") == 0.0


def test_blank_lines_at_the_end_are_no_rows(value, text):
    assert value(text("p.csv", "pred\n1\n2\n\n\n"), text("l.csv", "label\n1\n4\n"), "-l", "mse") == 2.0


def test_a_blank_line_among_several_columns_is_refused(refused, text):
    words = refused(text("both.csv", ["pred,label", "1,2", "", "3,4"]), "-l", "mse")
    assert "both.csv" in words
    assert "row 2" in words


def test_a_header_shorter_than_the_rows_takes_no_column_as_an_index(refused, text):
    words = refused(text("both.csv", ["pred,label", "1,2,3", "4,5,6"]), "-l", "mse")
    assert "row 1" in words
    assert "3" in words
    assert "2" in words


@pytest.mark.parametrize("row, count", [("1", 1), ("1,2", 2), ("1,2,3,4", 4), ("1,2,3,", 4)])
def test_a_row_of_another_length_is_refused_with_both_counts(refused, text, row, count):
    words = refused(text("both.csv", ["pred,label,x", "1,2,3", row, "1,2,3"]), "-l", "mse")
    assert "row 2" in words
    cells = "1 cell" if count == 1 else f"{count} cells"
    assert f"has {cells}, the header has 3" in words


def test_a_file_without_a_header_does_not_lose_its_first_row(refused, value, text):
    both = text("both.csv", ["1,2", "3,5"])
    words = refused(both, "-p", "1", "-y", "2", "-l", "mse")
    assert "header=no" in words
    assert value(both, "--dialect", "header=no", "-p", "1", "-y", "2", "-l", "mse") == 2.5


def test_a_quote_that_never_closes_swallows_no_rows(refused, text):
    words = refused(text("both.csv", 'pred,label,t\n1,2,a\n1,2,"a\n2,3,b\n3,4,c\n'), "-l", "mse")
    assert "row 2" in words
    assert "quote" in words


@pytest.mark.parametrize(
    "cell", ["1_000", "１", "0x10", "1e400", "-1e999", "1 000", "1,5", "--1", "1.2.3", "∞", "1e", "abc"]
)
def test_a_cell_that_is_no_number_is_named_with_file_column_and_row(refused, text, cell):
    rows = ["pred,label", *["1,2"] * 4, f'"{cell}",2']
    words = refused(text("both.csv", rows), "-l", "mse")
    assert words.startswith("error: both.csv, column `pred`, row 5: ")
    assert cell in words


def test_a_long_cell_is_cut_to_sixty_characters(refused, text):
    words = refused(text("both.csv", ["pred,label", "x" * 500 + ",1"]), "-l", "mse")
    assert "x" * 60 in words
    assert "x" * 61 not in words


@pytest.mark.parametrize(
    "cell, number", [("1e-400", 0.0), (".5", 0.5), ("5.", 5.0), (" 7 ", 7.0), ("+3E2", 300.0)]
)
def test_a_number_may_be_written_in_these_ways(value, text, cell, number):
    assert value(text("both.csv", ["pred,label", f"{cell},0"]), "-l", "mae") == number


@pytest.mark.parametrize("word", ["inf", "-Infinity"])
def test_infinity_is_no_missing_value_and_outside_the_real_numbers(refused, text, word):
    both = text("both.csv", ["pred,label", "1,1", f"{word},1"])
    for options in ([], ["--nan", "drop"]):
        words = refused(both, "-l", "mse", *options)
        assert words.startswith("error: both.csv, column `pred`, row 2: ")
        assert "real numbers" in words


def test_an_integer_that_no_double_holds_is_refused_in_text_and_in_parquet(value, refused, text, parquet):
    big = 9007199254740993
    written = (
        text("both.csv", ["pred,label", "1,0", f"{big},0"]),
        parquet("both.parquet", {"pred": [1, big], "label": [0, 0]}),
    )
    for name in written:
        words = refused(name, "-l", "mae")
        assert words.startswith(f"error: {name}, column `pred`, row 2: ")
        assert str(big) in words
    assert value(parquet("power.parquet", {"pred": [2**60], "label": [0]}), "-l", "mae") == float(2**60)


@pytest.mark.parametrize("word", ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", ""])
def test_a_missing_number_is_refused_and_never_skipped(refused, text, word):
    words = refused(text("both.csv", ["pred,label", "1,2", f"{word},2"]), "-l", "mse")
    assert words.startswith("error: both.csv, column `pred`, row 2: ")
    assert "1 of 2 rows" in words


def test_missing_values_in_parquet_are_refused_alike(refused, parquet):
    for name, column in (("null", [1.0, None]), ("nan", [1.0, math.nan])):
        words = refused(parquet(f"{name}.parquet", {"pred": column, "label": [1.0, 1.0]}), "-l", "mse")
        assert words.startswith(f"error: {name}.parquet, column `pred`, row 2: ")


def test_words_that_mean_missing_elsewhere_are_class_labels(value, text):
    both = text("both.csv", ["pred,label", "NA,NA", "null,null", "None,cat", "nan,NaN"])
    assert value(both, "-l", "zero_one") == 0.5


def test_a_missing_class_label_is_refused(refused, text):
    assert "row 2" in refused(text("both.csv", ["pred,label", "a,b", "a,"]), "-l", "zero_one")


def test_class_labels_of_one_number_are_one_class_however_they_are_written(value, text):
    assert (
        value(text("both.csv", ["pred,label", "1,1.0", "1,true", "0,False", "1.00,1"]), "-l", "zero_one")
        == 0.0
    )


# ── types ──


def test_small_integers_do_not_wrap(value, parquet):
    small = {"pred": pa.array([3], pa.uint8()), "label": pa.array([5], pa.uint8())}
    assert value(parquet("u8.parquet", small), "-l", "mse") == 4.0
    large = {"pred": pa.array([100_000], pa.int32()), "label": pa.array([0], pa.int32())}
    assert value(parquet("i32.parquet", large), "-l", "mse") == 1e10
    ends = {"pred": pa.array([2**62], pa.int64()), "label": pa.array([-(2**62)], pa.int64())}
    assert value(parquet("i64.parquet", ends), "-l", "mae") == 2.0**63


@pytest.mark.parametrize(
    "kind", [pa.float16(), pa.float32(), pa.decimal128(25, 3), pa.int8(), pa.uint64(), pa.bool_()]
)
def test_every_numeric_type_is_the_nearest_double(value, parquet, kind):
    column = pa.array([1, 0, 1]).cast(kind)
    both = parquet("both.parquet", {"pred": column, "label": [0.5, 0.5, 0.5]})
    assert value(both, "-l", "mse") == 0.25


def test_csv_and_parquet_of_a_hundred_thousand_random_doubles_give_the_same_bits(here, text, parquet):
    draw = random.Random(7)

    def double():
        while True:
            number = struct.unpack("<d", draw.randbytes(8))[0]
            if 1e-140 < abs(number) < 1e140:
                return number

    preds = [double() if place % 2 else draw.gauss(0, 1) for place in range(100_000)]
    labels = [double() if place % 3 else draw.gauss(0, 1) for place in range(100_000)]
    csv = text("both.csv", ["pred,label", *(f"{p!r},{y!r}" for p, y in zip(preds, labels, strict=True))])
    binary = parquet("both.parquet", {"pred": preds, "label": labels})
    found = []
    for path in (csv, binary):
        for options in ([], ["-j", "1", "--chunk-rows", "777"], ["-j", "4"]):
            ran = here("eval", path, "-l", "mse", "-l", "mae", "-l", "r2", "-l", "huber", "--json", *options)
            found.append([(r["value"], r["sum"]) for r in json.loads(ran.out)["results"]])
    assert all(one == found[0] for one in found)
    exact = sum(abs(Fraction(p - y)) for p, y in zip(preds, labels, strict=True)) / len(preds)
    assert found[0][1][0] == exact.numerator / exact.denominator


def test_a_column_of_integers_may_hold_a_fraction_after_a_million_rows(value, refused, text):
    many = "pred,label\n" + "1,2\n" * 1_000_000
    exact = Fraction(1_000_000) + Fraction(1, 4)
    assert value(text("both.csv", many + "1.5,2\n"), "-l", "mse") == float(exact / 1_000_001)
    words = refused(text("both.csv", many + "1.5,2\nabc,2\n"), "-l", "mse")
    assert words.startswith("error: both.csv, column `pred`, row 1000002: ")
    assert "`abc`" in words


def test_class_labels_keep_their_meaning_where_later_rows_are_text(value, text):
    rows = ["0,0", "1,1", "2,2", "3,3", "00A,00A", "5,6"]
    both = text("both.csv", ["pred,label", *rows])
    for chunk in ("1", "4", "100"):
        assert value(both, "-l", "zero_one", "--chunk-rows", chunk) == 1 / 6


def test_dictionary_codes_are_never_taken_for_values(value, tmp_path):
    # The same words with other codes on the two sides, and other dictionaries in the second row group.
    schema = pa.schema([(name, pa.dictionary(pa.int8(), pa.string())) for name in ("pred", "label")])

    def coded(codes, words):
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(words))

    with pq.ParquetWriter(tmp_path / "both.parquet", schema) as writer:
        first = [coded([0, 1], ["cat", "dog"]), coded([1, 0], ["dog", "cat"])]  # cat cat, dog dog
        second = [coded([0, 1], ["dog", "cow"]), coded([0, 1], ["dog", "cat"])]  # dog dog, cow cat
        for columns in (first, second):
            writer.write_table(pa.table(columns, schema=schema))
    assert value("both.parquet", "-l", "zero_one") == 0.25


def test_numbers_stored_as_a_dictionary_are_numbers(value, parquet):
    column = pa.array([3.0, 1.0, 3.0]).dictionary_encode()
    both = parquet("both.parquet", {"pred": column, "label": [1.0, 1.0, 1.0]})
    assert value(both, "-l", "mse") == 8 / 3


# ── classes ──


def test_classes_are_matched_by_name_where_ten_sorts_before_two(value, text, parquet):
    names = sorted(f"p_{number}" for number in range(12))
    assert names.index("p_10") < names.index("p_2")
    chances = {name: 0.5 if name == "p_2" else 0.25 if name == "p_10" else 0.025 for name in names}
    rows = [",".join([*names, "label"]), *(",".join([*map(str, chances.values()), str(y)]) for y in (2, 10))]
    expected = (math.log(2) + math.log(4)) / 2
    assert value(text("both.csv", rows), "-p", "p_*", "-l", "cross_entropy") == pytest.approx(
        expected, rel=1e-15
    )
    columns = {name: [chance, chance] for name, chance in chances.items()} | {"label": [2, 10]}
    assert value(parquet("b.parquet", columns), "-p", "p_*", "-l", "cross_entropy") == pytest.approx(
        expected, rel=1e-15
    )


def test_classes_are_matched_by_name_whatever_the_order_of_the_columns(value, text):
    for order in (["dog", "cat"], ["cat", "dog"]):
        chances = {"dog": "1", "cat": "0"}
        rows = [
            ",".join([*(f"p_{name}" for name in order), "label"]),
            ",".join([*(chances[n] for n in order), "dog"]),
        ]
        assert value(text("both.csv", rows), "-p", "p_*", "-l", "cross_entropy") == 0.0


@pytest.mark.parametrize("label", ["-1", "2", "cow", "0.5"])
def test_a_label_without_a_column_picks_no_other_one(refused, text, label):
    words = refused(
        text("both.csv", ["p_0,p_1,label", "0.5,0.5,1", f"0.5,0.5,{label}"]),
        "-p",
        "p_*",
        "-l",
        "cross_entropy",
    )
    assert words.startswith("error: both.csv, column `label`, row 2: ")
    assert label in words


def test_probabilities_that_do_not_sum_to_one_are_refused(refused, text):
    rows = ["p_a,p_b,p_c,label", "0.25,0.25,0.5,a", "0.5,0.5,0.5,a"]
    words = refused(text("both.csv", rows), "-p", "p_*", "-l", "cross_entropy")
    assert "row 2" in words
    assert "1.5" in words


@pytest.mark.parametrize("prob, hint", [("1.4", "--from-logits"), ("-0.1", ""), ("inf", "")])
def test_a_probability_outside_its_range_is_refused(refused, text, prob, hint):
    words = refused(text("both.csv", ["prob,label", "0.5,1", f"{prob},1"]), "-l", "log_loss")
    assert words.startswith("error: both.csv, column `prob`, row 2: ")
    assert "[0, 1]" in words
    assert hint in words


@pytest.mark.parametrize("label", ["2", "-2", "x"])
def test_a_label_that_is_no_binary_class_is_refused(refused, text, label):
    words = refused(text("both.csv", ["prob,label", "0.5,1", f"0.5,{label}"]), "-l", "log_loss")
    assert words.startswith("error: both.csv, column `label`, row 2: ")


def test_a_zero_label_is_no_relative_error(refused, text):
    words = refused(text("both.csv", ["pred,label", "1,1", "1,0"]), "-l", "mape")
    assert words.startswith("error: both.csv, column `label`, row 2: ")
    assert "zero=skip" in words


def test_r2_around_a_billion_loses_nothing(value, text):
    # Labels 1e9 + (0, 1, 2, 3), each prediction 0.5 above: 1 - 1/5.
    rows = [f"{10**9 + k}.5,{10**9 + k}" for k in range(4)]
    assert value(text("both.csv", ["pred,label", *rows]), "-l", "r2") == 0.8


# ── names ──


def test_a_repeated_header_is_refused_where_it_is_used_and_else_no_matter(refused, value, text):
    both = text("both.csv", ["pred,pred,label,x,x", "1,2,3,8,9"])
    assert "`pred`" in refused(both, "-l", "mse")
    assert value(text("b.csv", ["pred,label,x,x", "1,3,8,9"]), "-l", "mse") == 4.0


def test_what_both_files_hold_must_agree(refused, text):
    preds = text("preds.csv", ["pred,w", "1,1", "2,1"])
    labels = text("labels.csv", ["label,w", "1,1", "2,2"])
    words = refused(preds, labels, "-w", "w", "-l", "mse")
    assert "`w`" in words
    assert "row 2" in words


# ── lengths ──


@pytest.mark.parametrize("preds, labels", [(3, 2), (2, 3), (70_001, 70_000), (131_072, 65_536), (1, 100_000)])
@pytest.mark.parametrize("options", [[], ["--chunk-rows", "1000"], ["-j", "1"]], ids=" ".join)
def test_unequal_lengths_are_refused_with_both_counts(refused, text, parquet, preds, labels, options):
    text("preds.csv", "pred\n" + "1\n" * preds)
    text("labels.csv", "label\n" + "1\n" * labels)
    parquet("preds.parquet", {"pred": np.ones(preds)}, row_group_size=1 << 16)
    parquet("labels.parquet", {"label": np.ones(labels)}, row_group_size=1 << 16)
    for one in ("csv", "parquet"):
        for other in ("csv", "parquet"):
            words = refused(f"preds.{one}", f"labels.{other}", "-l", "mse", *options)
            count = "1 row" if labels == 1 else f"{labels} rows"
            assert words.startswith(f"error: labels.{other} has {count} and preds.{one} has {preds}\n")


def corrupt(path):
    """Overwrite the pages of a Parquet file, and leave its footer."""
    content = bytearray(path.read_bytes())
    footer = struct.unpack("<I", content[-8:-4])[0]
    content[4 : -8 - footer] = b"\xff" * (len(content) - 12 - footer)
    path.write_bytes(content)


def test_the_lengths_of_parquet_files_are_compared_before_their_data_are_read(refused, parquet, tmp_path):
    for name, rows in (("preds", 1000), ("labels", 999)):
        column = "pred" if name == "preds" else "label"
        parquet(f"{name}.parquet", {column: np.arange(rows) * 0.1})
        corrupt(tmp_path / f"{name}.parquet")
    words = refused("preds.parquet", "labels.parquet", "-l", "mse")
    assert words.startswith("error: labels.parquet has 999 rows and preds.parquet has 1000\n")


def test_damaged_pages_are_refused_and_the_file_is_named(refused, parquet, tmp_path):
    for name, column in (("preds", "pred"), ("labels", "label")):
        parquet(f"{name}.parquet", {column: np.arange(1000) * 0.1})
    corrupt(tmp_path / "labels.parquet")
    assert "labels.parquet" in refused("preds.parquet", "labels.parquet", "-l", "mse").splitlines()[0]


@pytest.mark.parametrize("jobs", ["1", "4"])
@pytest.mark.parametrize("chunk", ["1", "7", "65536"])
def test_the_lowest_bad_row_is_named_whatever_the_chunks_and_jobs(refused, text, jobs, chunk):
    rows = ["1,2"] * 3000
    rows[1999], rows[2500] = "1,x", "y,2"
    words = refused(text("both.csv", ["pred,label", *rows]), "-l", "mse", "-j", jobs, "--chunk-rows", chunk)
    assert words.startswith("error: both.csv, column `label`, row 2000: ")
    assert "`x`" in words
