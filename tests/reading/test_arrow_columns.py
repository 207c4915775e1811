"""What each Arrow type becomes: as a number, as a class label, as text."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import struct
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from losscli import evaluate
from losscli.errors import DataError
from losscli.reading import arrow, arrow_types
from losscli.reading.arrow import read_column
from losscli.reading.arrow_types import check_type
from losscli.reading.read import batch_of
from losscli.table.block import ClassColumn, ColumnRequest, NumberColumn

INF, NAN = math.inf, math.nan

# type, stored values, the same as numbers; None is missing
NUMBERS = [
    (pa.bool_(), [True, False, True], [1.0, 0.0, 1.0]),
    (pa.int8(), [-128, 0, 127], [-128.0, 0.0, 127.0]),
    (pa.int16(), [-(2**15), 2**15 - 1, 3], [-32768.0, 32767.0, 3.0]),
    (pa.int32(), [-(2**31), 2**31 - 1, 3], [-2147483648.0, 2147483647.0, 3.0]),
    (pa.int64(), [-(2**63), 2**60, 2**53], [-(2.0**63), 2.0**60, 2.0**53]),
    (pa.uint8(), [0, 255, 3], [0.0, 255.0, 3.0]),
    (pa.uint16(), [0, 65535, 3], [0.0, 65535.0, 3.0]),
    (pa.uint32(), [0, 2**32 - 1, 3], [0.0, 4294967295.0, 3.0]),
    (pa.uint64(), [0, 2**63, 2**64 - 2**11], [0.0, 2.0**63, 2.0**64 - 2.0**11]),
    (pa.float16(), [np.float16(0.1), np.float16(-65504), np.float16(6e-8)], [0.0999755859375, -65504.0, 2.0**-24]),
    (pa.float32(), [0.1, 3.4028234663852886e38, 1.401298464324817e-45],
     [0.10000000149011612, 3.4028234663852886e38, 1.401298464324817e-45]),
    (pa.float64(), [0.1, 5e-324, -1.7976931348623157e308], [0.1, 5e-324, -1.7976931348623157e308]),
    (pa.float64(), [INF, -INF, 0.0], [INF, -INF, 0.0]),
    (pa.decimal128(5, 2), [Decimal("1.10"), Decimal("-999.99"), Decimal("0.00")], [1.1, -999.99, 0.0]),
    (pa.decimal128(38, 0), [Decimal(2**53 + 1), Decimal(10**37), Decimal(-1)], [2.0**53, 1e37, -1.0]),
    (pa.decimal128(38, 37), [Decimal("0.1"), Decimal("9.9999999999999999999999999999999999999"), Decimal("-0.3")],
     [0.1, 10.0, -0.3]),
    (pa.decimal128(4, -2), [Decimal("1100"), Decimal("-999900"), Decimal(0)], [1100.0, -999900.0, 0.0]),
    (pa.decimal256(76, 10), [Decimal("0.1"), Decimal(10**60) + Decimal("0.5"), Decimal("-7.25")], [0.1, 1e60, -7.25]),
    (pa.decimal256(76, 76), [Decimal("0.1"), Decimal("-1e-76"), Decimal(0)], [0.1, -1e-76, 0.0]),
    (pa.string(), ["1.5", " .5 ", "-1e3"], [1.5, 0.5, -1000.0]),
    (pa.large_string(), ["5.", "+7", "1e-400"], [5.0, 7.0, 0.0]),
    (pa.string_view(), ["inf", "-0.000000000000000000001", "3"], [INF, -1e-21, 3.0]),
]  # fmt: skip
IDS = [f"{found}-{place}" for place, (found, _, _) in enumerate(NUMBERS)]

# type, stored values, class labels, texts; None is missing
MOMENT = dt.datetime(2024, 2, 29, 13, 5, 7, 250000)
LABELS = [
    (pa.bool_(), [True, False, True], [1, 0, 1], ["true", "false", "true"]),
    (pa.int8(), [-1, 0, -1], [-1, 0, -1], ["-1", "0", "-1"]),
    (pa.int64(), [2**53 + 1, -(2**63), 7], [2**53 + 1, -(2**63), 7], [str(2**53 + 1), str(-(2**63)), "7"]),
    (pa.uint64(), [2**64 - 1, 0, 7], [2**64 - 1, 0, 7], [str(2**64 - 1), "0", "7"]),
    (pa.float64(), [1.0, -0.0, -3.0], [1, 0, -3], ["1.0", "0.0", "-3.0"]),
    (pa.float64(), [0.5, 2.0, NAN], ["0.5", 2, None], ["0.5", "2.0", None]),
    (pa.float64(), [1e300, INF, 1.0], [int(1e300), "inf", 1], ["1e+300", "inf", "1.0"]),
    (pa.float32(), [0.5, 2.0, NAN], ["0.5", 2, None], ["0.5", "2.0", None]),
    (pa.decimal128(5, 2), [Decimal("1.00"), Decimal("-2.50"), Decimal("0.05")], [1, "-2.50", "0.05"],
     ["1.00", "-2.50", "0.05"]),
    (pa.decimal128(38, 2), [Decimal(10**30), Decimal("-0.05"), Decimal(-3)], [10**30, "-0.05", -3],
     [f"{10**30}.00", "-0.05", "-3.00"]),
    (pa.decimal128(4, -2), [Decimal("1100"), Decimal(0), Decimal("-100")], [1100, 0, -100], ["1100", "0", "-100"]),
    (pa.string(), ["1", "1.0", "1e0"], [1, 1, "1e0"], ["1", "1.0", "1e0"]),
    (pa.string(), ["True", "FALSE", "no"], [1, 0, "no"], ["True", "FALSE", "no"]),
    (pa.string(), ["NA", "", "nan"], ["NA", None, "nan"], ["NA", None, "nan"]),
    (pa.large_string(), ["é", " e ", "0.5"], ["é", " e ", "0.5"], ["é", " e ", "0.5"]),
    (pa.string_view(), ["twelve bytes", "thirteen byte", "日本"], ["twelve bytes", "thirteen byte", "日本"],
     ["twelve bytes", "thirteen byte", "日本"]),
    (pa.binary(), [b"a", b"2", "é".encode()], ["a", 2, "é"], ["a", "2", "é"]),
    (pa.large_binary(), [b"a", b"2", b""], ["a", 2, None], ["a", "2", None]),
    (pa.date32(), [dt.date(2024, 2, 29), dt.date(1969, 12, 31), dt.date(1, 1, 1)],
     *[["2024-02-29", "1969-12-31", "0001-01-01"]] * 2),
    (pa.date64(), [dt.date(2024, 2, 29), dt.date(1969, 12, 31), dt.date(1970, 1, 1)],
     *[["2024-02-29", "1969-12-31", "1970-01-01"]] * 2),
    (pa.time32("s"), [dt.time(1, 2, 3), dt.time(0), dt.time(23, 59, 59)], *[["01:02:03", "00:00:00", "23:59:59"]] * 2),
    (pa.time64("us"), [dt.time(1, 2, 3, 500000), dt.time(0), dt.time(23)], *[["01:02:03.5", "00:00:00", "23:00:00"]] * 2),
]  # fmt: skip
LABELS += [
    (pa.timestamp(unit), [MOMENT, dt.datetime(1969, 12, 31, 23), dt.datetime(2000, 1, 1)],
     *[["2024-02-29T13:05:07.25", "1969-12-31T23:00:00", "2000-01-01T00:00:00"]] * 2)
    for unit in ("ms", "us", "ns")
]  # fmt: skip
LABEL_IDS = [f"{found}-{place}" for place, (found, _, _, _) in enumerate(LABELS)]


def read_as(array, kind):
    return read_column(array, ColumnRequest(0, kind))


def read(array, kind):
    """The rows of an array as Python values, None where missing."""
    found = read_as(array, kind)
    assert found.bad is None
    assert len(found.column) == len(array)
    return values_of(found.column)


def values_of(column):
    missing = column.missing if column.missing is not None else np.zeros(len(column), bool)
    assert missing.dtype == np.bool_
    if isinstance(column, NumberColumn):
        assert column.values.dtype == np.float64
        assert np.isnan(column.values[missing]).all()
        found = column.values.tolist()
    else:
        assert isinstance(column, ClassColumn)
        assert column.codes.dtype == np.int64
        assert (column.codes[missing] == -1).all()
        found = column.codes.tolist()
        if column.values is not None:
            found = [column.values[code] if code >= 0 else None for code in found]
    return [None if gone else value for value, gone in zip(found, missing, strict=True)]


def bits(values):
    return [None if value is None else struct.pack("<d", value) for value in values]


def forms(array_type, stored, wanted):
    """The same rows in every shape that Arrow may hand them over in."""
    plain = pa.array(stored, array_type)
    holed = pa.array([None, *stored, None], array_type)
    yield plain, wanted
    yield holed, [None, *wanted, None]
    yield holed.slice(1), [*wanted, None]
    yield holed.slice(1, len(stored)), wanted
    yield holed.slice(2, 1), wanted[1:2]
    yield plain.slice(0, 0), []
    yield pa.nulls(3, array_type), [None] * 3
    # An offset of more than a byte of validity bits.
    long = pa.array([None, *stored] * 7, array_type)
    yield long.slice(13), ([None, *wanted] * 7)[13:]
    codes = pa.array([2, 0, None, 1, 2], pa.int8())
    if not pa.types.is_string_view(array_type):
        coded = pa.DictionaryArray.from_arrays(codes, plain)
        entries = [wanted[2], wanted[0], None, wanted[1], wanted[2]]
        yield coded, entries
        yield coded.slice(1, 3), entries[1:4]
        yield coded.slice(3), entries[3:]
        yield pa.DictionaryArray.from_arrays(pa.array([0, 3, 1, 2], pa.uint16()), holed.slice(1)), [
            wanted[0], None, wanted[1], wanted[2],
        ]  # fmt: skip


@pytest.mark.parametrize("array_type, stored, wanted", NUMBERS, ids=IDS)
def test_every_numeric_type_is_the_double_of_its_value_whatever_its_shape(array_type, stored, wanted):
    for array, expected in forms(array_type, stored, wanted):
        assert bits(read(array, "number")) == bits(expected), array


@pytest.mark.parametrize("array_type, stored, labels, texts", LABELS, ids=LABEL_IDS)
def test_every_type_has_one_label_and_one_text_whatever_its_shape(array_type, stored, labels, texts):
    for kind, wanted in (("class", labels), ("text", texts)):
        for array, expected in forms(array_type, stored, wanted):
            found = read(array, kind)
            assert found == expected, (kind, array)
            assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize("array_type", [pa.float16(), pa.float32(), pa.float64()], ids=str)
def test_nan_and_null_are_missing_and_infinities_are_values(array_type):
    stored = [np.float16(value) if array_type == pa.float16() else value for value in (1.0, NAN, INF, -INF)]
    assert read(pa.array(stored, array_type), "number") == [1.0, None, INF, -INF]
    assert read(pa.array([*stored, None], array_type), "number") == [1.0, None, INF, -INF, None]


def test_the_null_type_is_missing_in_every_role():
    for kind in ("number", "class", "text", "score"):
        assert read(pa.nulls(3), kind) == [None] * 3


def test_doubles_without_a_hole_are_not_copied():
    array = pa.array([1.0, 2.0, 3.0])
    column = read_as(array.slice(1), "number").column
    assert column.values.__array_interface__["data"][0] == array.buffers()[1].address + 8


@pytest.mark.parametrize("count", [1, 3, 5000])
def test_texts_get_the_same_labels_through_python_and_through_arrow(count):
    stored = (["b", "1.0", "", None, "1", "TRUE", "é"] * count)[: 7 * count]
    expected = (["b", 1, None, None, 1, 1, "é"] * count)[: 7 * count]
    assert read(pa.array(stored), "class") == expected
    assert (7 * count >= arrow.ENCODED) == (count == 5000)


def test_labels_that_are_equal_share_one_code():
    column = read_as(pa.array(["1", "1.0", "true", "x", "x"]), "class").column
    assert column.values == (1, "x")
    assert column.codes.tolist() == [0, 0, 0, 1, 1]


def test_codes_of_two_dictionaries_stand_for_their_own_values():
    one = pa.array(["a", "b"]).dictionary_encode()
    other = pa.array(["b", "a"]).dictionary_encode()
    assert read(one, "class") == ["a", "b"]
    assert read(other, "class") == ["b", "a"]


# ---------------------------------------------------------------------- what is refused


def refused(array, kind="number"):
    """The first bad row, as an error."""
    read = read_column(array, ColumnRequest(0, kind))
    batch = batch_of(len(array), [ColumnRequest(0, kind)], [read], ["c"], "f", -1)
    assert batch.stop is not None
    return batch.stop


@pytest.mark.parametrize(
    "array_type, found",
    [
        (pa.int64(), 2**53 + 1),
        (pa.int64(), -(2**53) - 1),
        (pa.int64(), 2**63 - 1),
        (pa.uint64(), 2**53 + 1),
        (pa.uint64(), 2**64 - 1),
        (pa.uint64(), 2**63 + 1),
    ],
)
def test_an_integer_that_is_no_double_is_refused_with_its_row(array_type, found):
    bad = refused(pa.array([0, None, found, found], array_type))
    assert bad.row == 2
    assert f"`{found}`" in bad.message
    coded = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1], pa.int8()), pa.array([0, found], array_type))
    assert refused(coded).row == 1


def test_entries_of_a_dictionary_that_no_row_points_to_are_not_judged():
    codes = pa.array([0, None, 0], pa.int8())
    assert read(pa.DictionaryArray.from_arrays(codes, pa.array(["1", "x"])), "number") == [1.0, None, 1.0]
    assert read(pa.DictionaryArray.from_arrays(codes, pa.array([1, 2**53 + 1])), "number") == [1.0, None, 1.0]
    assert read(pa.DictionaryArray.from_arrays(codes, pa.array([b"a", b"\xff"])), "class") == ["a", None, "a"]


def test_an_integer_below_a_null_is_not_judged():
    values = np.array([1, 2**53 + 1], np.int64)
    array = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(values)])
    assert read(array, "number") == [1.0, None]


def test_text_that_is_no_number_is_refused_with_its_row_and_cut_to_be_shown():
    bad = refused(pa.array(["1", "NA", "", "1_000"]))
    assert (bad.row, "`1_000`" in bad.message) == (3, True)
    assert len(refused(pa.array(["x" * 10_000])).message) < 100
    assert refused(pa.array(["1", "1e400"])).row == 1


NOT_UTF8 = [b"1", b"", None, b"\xff\xfe", b"2"]


@pytest.mark.parametrize("kind", ["class", "text", "number"])
@pytest.mark.parametrize(
    "stored, viewed",
    [
        (pa.binary(), pa.string()),
        (pa.large_binary(), pa.large_string()),
        (pa.binary_view(), pa.string_view()),
        (pa.binary(), pa.binary()),
    ],
    ids=str,
)
def test_bytes_that_are_not_utf8_are_refused_with_their_row(kind, stored, viewed):
    if kind == "number" and viewed == pa.binary():
        assert arrow_types.refusal(viewed, kind) is not None
        return
    bad = refused(pa.array(NOT_UTF8, stored).view(viewed), kind)
    assert bad.row == 3
    assert "UTF-8" in bad.message
    many = pa.array([b"1", b""] * 4000 + NOT_UTF8, stored).view(viewed)
    assert refused(many, kind).row == 8003


def test_a_bad_row_before_bytes_that_are_not_utf8_comes_first():
    assert refused(pa.array([b"1", b"x", b"\xff"]).view(pa.string())).row == 1


REFUSED = [
    (pa.date32(), "number"), (pa.timestamp("us"), "number"), (pa.time64("us"), "number"), (pa.binary(), "number"),
    (pa.binary(4), "number"), (pa.list_(pa.float64()), "number"), (pa.struct([("a", pa.int8())]), "number"),
    (pa.map_(pa.string(), pa.float64()), "number"), (pa.duration("s"), "number"),
    (pa.binary(4), "class"), (pa.list_(pa.float64()), "class"), (pa.struct([("a", pa.int8())]), "text"),
    (pa.duration("s"), "text"), (pa.dictionary(pa.int8(), pa.date32()), "number"), (pa.decimal128(5, 2**31 - 1), "number"),
    (pa.decimal256(5, -(10**6)), "class"), (pa.fixed_shape_tensor(pa.float64(), [2]), "text"),
    (pa.list_(pa.string(), 2), "text"), (pa.month_day_nano_interval(), "class"),
]  # fmt: skip


@pytest.mark.parametrize("found, kind", REFUSED, ids=str)
def test_a_type_that_cannot_be_read_as_wanted_is_refused_by_name(found, kind):
    with pytest.raises(DataError) as caught:
        check_type(found, kind, "p.parquet", "c")
    assert caught.value.where == "p.parquet, column `c`"
    assert str(found)[:20] in caught.value.message


def test_a_score_is_a_number_where_every_cell_of_the_batch_is_one_and_else_a_class():
    assert read(pa.array(["0.5", "", None]), "score") == [0.5, None, None]
    assert read(pa.array(["0.5", "yes"]), "score") == ["0.5", "yes"]
    assert read(pa.array([1, 2]), "score") == [1.0, 2.0]
    assert read(pa.array([1, 2**53 + 1]), "score") == [1, 2**53 + 1]
    assert read(pa.array([dt.date(2024, 2, 29)]), "score") == ["2024-02-29"]


def test_a_batch_ends_before_the_lowest_bad_row_of_all_columns():
    arrays = [pa.array(["1", "2", "x"]), pa.array([1, 2**53 + 1, 2]), pa.array(["a", "b", "c"])]
    wants = [ColumnRequest(place, kind) for place, kind in enumerate(["number", "number", "class"])]
    reads = [read_column(array, want) for array, want in zip(arrays, wants, strict=True)]
    batch = batch_of(3, wants, reads, ["p", "q", "r"], "f.parquet", 100)
    assert batch.rows == 1
    assert [values_of(column) for column in batch.columns] == [[1.0], [1.0], ["a"]]
    assert batch.stop is not None
    assert batch.stop.where == "f.parquet, column `q`, row 102"


# ---------------------------------------------------------------------- against exact arithmetic


@given(st.data())
def test_a_decimal_is_the_double_nearest_to_its_fraction(data):
    wide = data.draw(st.booleans())
    digits = 76 if wide else 38
    scale = data.draw(st.integers(-40 if wide else -20, digits))
    whole = st.integers(-(10**digits) + 1, 10**digits - 1) | st.integers(-(2**54), 2**54)
    unscaled = data.draw(st.lists(st.none() | whole, min_size=1, max_size=20))
    array = decimals(unscaled, pa.decimal256(76, scale) if wide else pa.decimal128(38, scale))
    # Division of Fraction's integers is rounded correctly: float(Fraction) is the nearest double.
    wanted = [None if n is None else float(Fraction(n) / Fraction(10) ** scale) for n in unscaled]
    assert bits(read(array, "number")) == bits(wanted)


@given(st.lists(st.integers(-(10**38) + 1, 10**38 - 1), min_size=1, max_size=20), st.integers(0, 38))
def test_a_decimal_is_the_double_of_its_text_as_csv_would_hold_it(unscaled, scale):
    array = decimals(unscaled, pa.decimal128(38, scale))
    assert bits(read(array, "number")) == bits([float(text) for text in read(array, "text")])
    with decimal.localcontext(decimal.Context(prec=60)):
        exact = [Decimal(n).scaleb(-scale) for n in unscaled]
        assert [Decimal(text) for text in read(array, "text")] == exact
        labels = [int(value) if value == value.to_integral_value() else None for value in exact]
    assert [label if isinstance(label, int) else None for label in read(array, "class")] == labels


@pytest.mark.parametrize("scale", [0, 1, 2, 6, 9, 17, 18, 22])
def test_long_decimals_are_rounded_once_near_ties_too(scale):
    random = np.random.default_rng(scale)
    unscaled = random.integers(-(2**62), 2**62, 3000).tolist()
    unscaled += (random.integers(2**53, 2**62, 3000) >> random.integers(0, 9, 3000)).tolist()
    # Integers beside the midpoints of neighbouring doubles.
    for value in random.uniform(2.0**53, 2.0**62, 3000).tolist():
        middle = (
            (Fraction(value / 10**scale) + Fraction(math.nextafter(value / 10**scale, INF))) / 2 * 10**scale
        )
        unscaled += [math.floor(middle), math.ceil(middle)]
    unscaled += [2**power + more for power in range(53, 62) for more in (-3, -2, -1, 0, 1, 2, 3)]
    array = decimals(unscaled, pa.decimal128(38, scale))
    assert bits(read(array, "number")) == bits([float(Fraction(n, 10**scale)) for n in unscaled])


def decimals(unscaled, array_type):
    width = array_type.bit_width // 8
    raw = b"".join((n or 0).to_bytes(width, "little", signed=True) for n in unscaled)
    valid = sum((n is not None) << place for place, n in enumerate(unscaled)).to_bytes(
        len(unscaled) // 8 + 1, "little"
    )
    return pa.Array.from_buffers(array_type, len(unscaled), [pa.py_buffer(valid), pa.py_buffer(raw)])


def test_a_decimal_beyond_the_largest_double_is_refused():
    array = decimals([1, 10**70], pa.decimal256(76, -300))
    assert refused(array).row == 1


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_int64_is_exact_or_refused(stored):
    found = read_as(pa.array(stored, pa.int64()), "number")
    inexact = [row for row, n in enumerate(stored) if n is not None and int(float(n)) != n]
    assert (None if found.bad is None else int(found.bad.argmax())) == (inexact[0] if inexact else None)
    good = stored[: inexact[0]] if inexact else stored
    assert values_of(found.column.slice(0, len(good))) == good


@given(st.lists(st.none() | st.integers(0, 2**64 - 1), max_size=50))
def test_uint64_is_exact_or_refused(stored):
    found = read_as(pa.array(stored, pa.uint64()), "number")
    inexact = [row for row, n in enumerate(stored) if n is not None and int(float(n)) != n]
    assert (None if found.bad is None else int(found.bad.argmax())) == (inexact[0] if inexact else None)
    good = stored[: inexact[0]] if inexact else stored
    assert values_of(found.column.slice(0, len(good))) == good


@given(st.lists(st.none() | st.text(max_size=14), max_size=40), st.integers(0, 10), st.integers(0, 10))
def test_any_text_comes_out_as_it_went_in(stored, before, behind):
    behind = max(before, len(stored) - behind)
    expected = [text or None for text in stored][before:behind]
    for array_type in (
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
    ):
        assert read(pa.array(stored, array_type)[before:behind], "text") == expected


@pytest.mark.parametrize("role", ["label", "slice"])
def test_an_entry_of_a_dictionary_is_judged_where_rows_point_to_it_and_counts_nowhere_else(tmp_path, role):
    def measured(places):
        entries = pa.array([b"a", b"\xff", b"b"], pa.binary())
        column = pa.DictionaryArray.from_arrays(pa.array(places, pa.int8()), entries)
        plain = pa.array(["a", "b"] * 2)
        table = {"label": column if role == "label" else plain, "pred": ["a", "a", "b", "b"], "g": column}
        with pa.ipc.new_file(tmp_path / "t.arrow", pa.table(table).schema) as file:
            file.write_table(pa.table(table))
        by = ["g"] if role == "slice" else []
        return evaluate(str(tmp_path / "t.arrow"), loss=["balanced_accuracy", "f1"], average="macro", by=by)

    for _ in range(2):  # the second time, the entries are known
        report = measured([0, 2, 0, 2])
        # Two classes, and none besides them: a third one would make it a third.
        assert [result.value for result in report.results if not result.slice] == [0.5, 0.5]
        assert {result.slice["g"] for result in report.results if result.slice} <= {"a", "b"}
        with pytest.raises(DataError) as caught:
            measured([0, 1, 0, 2])
        assert caught.value.row == 2
