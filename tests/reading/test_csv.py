"""What a CSV file says: its header, its lines and quotes, its cells as numbers, labels and text."""

from __future__ import annotations

import io
import math
import random
import sys

import pytest
from csv_reading import bits, read, read_alike

from losscli.errors import DataError, UsageError
from losscli.reading import csv, csv_rows
from losscli.reading.source import Dialect
from losscli.table.block import ColumnRequest
from losscli.table.cells import CellReader

COMMA = Dialect(decimal=",")


def refused(data, *wants, **options) -> str:
    with pytest.raises(DataError) as caught:
        read(data, *(wants or ("text",)), **options)
    return str(caught.value)


def stopped(data, *wants, **options):
    found = read_alike(data, *wants, **options)
    assert found.stop is not None
    return found.stop.row, found.stop.column, found.stop.message


# ── numbers ──


@pytest.mark.parametrize(
    "text, value",
    [
        ("1", 1.0), ("-1", -1.0), ("+1", 1.0), ("1.", 1.0), (".5", 0.5), ("-.5", -0.5), ("0012", 12.0),
        ("1e3", 1000.0), ("1E+3", 1000.0), ("25e-1", 2.5), (" 7 ", 7.0), ("\t7", 7.0), ("-0", -0.0),
        ("inf", math.inf), ("-INF", -math.inf), ("+Infinity", math.inf), (" inf ", math.inf),
        ("1e-400", 0.0), ("-1e-400", -0.0), ("4.9e-324", 5e-324), ("2e-324", 0.0),
        ("1.7976931348623157e308", sys.float_info.max), ("9007199254740993.0", 9007199254740992.0),
            ("9007199254740993e0", 9007199254740992.0), ("1152921504606846976", 2.0**60), ("1" + "0" * 22, 1e22),
        ("0." + "0" * 400 + "1e400", 0.1), ("1" + "0" * 400 + "e-400", 1.0),
        ('"1.5"', 1.5), ('" 1.5"', 1.5),
    ],
)  # fmt: skip
@pytest.mark.parametrize("neighbour", ["3", "nan", "+3"])
def test_a_number_is_the_nearest_double_whichever_way_its_block_is_read(text, value, neighbour):
    found = read_alike(f"a,p\nx,{text}\nx,{neighbour}\n".encode(), ColumnRequest(1, "number"))
    assert found.stop is None
    assert bits(found.lists[0][:1]) == bits([value])


@pytest.mark.parametrize(
    "text",
    ["1_000", "0x10", "0x1p3", "１", "nan(1)", "-nan", "+nan", ".", "-", "+", "e5", "1e", "1e+", "1 2", "--1", "1d5",
     "1f", "1e5.5", "\xa01", "\x0b1", "1\x00", "abc", "true", "1,5", "infinit", "NANA", "- 1", "-NA"],
)  # fmt: skip
def test_a_cell_that_is_no_number_is_named_with_column_and_row(text):
    row, column, message = stopped(f'p,q\n1,2\n1,"{text}"\n1,?\n?,2\n'.encode(), ColumnRequest(1, "number"))
    assert (row, column) == (2, "q")
    assert message.endswith("` is not a number")


@pytest.mark.parametrize("text", ["1e400", "-1e400", "1" * 400, "1e99999999999999999999", " 1.8e308 "])
def test_a_number_beyond_the_largest_double_is_refused(text):
    row, column, message = stopped(f"p\n1\ninf\n{text}\n".encode(), "number")
    assert (row, column) == (3, "p")
    assert message.endswith("` is beyond the largest double")


@pytest.mark.parametrize(
    "text", ["9007199254740993", "-9007199254740993", " +9007199254740993 ", "1152921504606846977", "0009007199254740993"]
)  # fmt: skip
def test_an_integer_that_is_no_double_is_refused(text):
    row, column, message = stopped(f"p\n1\n1e300\n{text}\n".encode(), "number")
    assert (row, column) == (3, "p")
    assert message.endswith("` is no double")


@pytest.mark.parametrize(
    "text",
    ["", '""', " ", '"  "', "\t", "NA", "na", "Na", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "nUlL", "None",
     "NONE", " NA ", '"NA"', '"nan "'],
)  # fmt: skip
def test_a_missing_number_is_empty_or_one_of_five_words(text):
    assert read_alike(f"p,q\n1,2\n{text},3\n".encode(), "number").lists == [[1.0, None]]


def test_a_further_spelling_of_missing_counts_in_every_role():
    dialect = Dialect(null=("?", "-999"))
    data = b"p\n1\n?\n-999\n -999\n-999.0\n"
    numbers, labels, texts = read_alike(
        data, ColumnRequest(0, "number"), ColumnRequest(0, "class"), ColumnRequest(0, "text"), dialect=dialect
    ).lists
    assert numbers == [1.0, None, None, None, -999.0]
    assert labels == [1, None, None, None, -999]
    assert texts == ["1", None, None, " -999", "-999.0"]


def test_a_decimal_comma_reads_semicolons_and_refuses_points():
    assert read_alike(b"p;q\n1,5;2\n-,5;3,\n", "number", "number", dialect=COMMA).lists == [
        [1.5, -0.5],
        [2.0, 3.0],
    ]
    assert read_alike(b'p,q\n"1,5","2"\n', "number", dialect=COMMA).lists == [[1.5]]
    assert read_alike(b"p\n1,5\n+2,5\n", "number", dialect=COMMA).lists == [[1.5, 2.5]]
    assert stopped(b"p\n1,5\n1.5\n", "number", dialect=COMMA) == (2, "p", "`1.5` is not a number")
    assert read_alike(b"p\n1,0\n1.0\n1\n", "class", dialect=COMMA).lists == [[1, "1.0", 1]]


def test_a_hundred_thousand_doubles_come_back_bit_for_bit():
    numbers = random.Random(20240711)
    doubles = [
        float.fromhex(f"0x1.{numbers.getrandbits(52):013x}p{numbers.randint(-1074, 1023)}")
        for _ in range(10**5)
    ]
    data = b"p\n" + "\n".join(map(repr, doubles)).encode() + b"\n"
    assert bits(read(data, "number").lists[0]) == bits(doubles)


def test_the_careful_way_gives_the_same_bits_as_the_fast_one():
    numbers = random.Random(3)
    texts = [
        f"{numbers.choice(('', '-'))}{numbers.getrandbits(80)}e{numbers.randint(-330, 280)}"
        for _ in range(20_000)
    ]
    texts += [f"{numbers.random():.{numbers.randint(1, 30)}f}" for _ in range(20_000)]
    lines = "\n".join(texts).encode()
    # A spelling of infinity sends the whole block the careful way.
    fast, careful = (
        read(b"p\n" + lines + b"\n", "number"),
        read(b"p\n" + lines + b"\ninf\n", "number", part=1 << 21),
    )
    assert fast.stop is None
    assert bits(fast.lists[0]) == bits(careful.lists[0][:-1]) == bits([float(text) for text in texts])


def test_a_cell_in_a_message_is_cut_and_made_printable():
    _, _, message = stopped(b"p,q\n1,2\n" + b"\x1b[31m" + b"a" * 100 + b",2\n", "number")
    assert message == "`\\x1b[31m" + "a" * 55 + "…` is not a number"


# ── labels and text ──


@pytest.mark.parametrize(
    "text, label",
    [
        ("1", 1), ("1.0", 1), ("-1", -1), ("1.000", 1), ("-0.0", 0), ("-0", 0), ("0", 0), ("9007199254740993", 2**53 + 1),
        ("99999999999999999999", 10**20 - 1), ("-9223372036854775809", -(2**63) - 1), ("1" + "0" * 400, 10**400),
        ("+1", "+1"), ("1e3", "1e3"), ("25e-1", "25e-1"), ("20e-1", "20e-1"), ("007", "007"), ("01", "01"),
        (" 1 ", " 1 "), ("1.", "1."), ("00", "00"), ("-01.0", "-01.0"), ("1E2", "1E2"), ("0e999999999999", "0e999999999999"),
        ("1e308", "1e308"), ("1e400", "1e400"), ("1e-400", "1e-400"), ("true", 1), ("FALSE", 0),
        ("True", 1), (" true", " true"), ("0.5", "0.5"), ("NA", "NA"), ("None", "None"), ("nan", "nan"), ("inf", "inf"),
        ("a", "a"), (" a ", " a "), (" ", " "), ("0x10", "0x10"), ("1_000", "1_000"), ("１", "１"), ("é", "é"),
        ("9" * 5000, "9" * 5000), ("9" * 5000 + ".0", "9" * 5000), ("1." + "0" * 5000, 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("neighbour", [b"3", b"dog"])
def test_a_class_label_is_a_whole_number_or_exact_text(text, label, neighbour):
    (labels,) = read_alike(b"c,d\n" + text.encode() + b",1\n" + neighbour + b",1\n", "class").lists
    assert labels[0] == label
    assert type(labels[0]) is type(label)


def test_a_column_of_integers_is_its_own_codes(monkeypatch):
    monkeypatch.setattr(csv, "SMALL_BYTES", 0)
    source = csv.open_csv("-", dialect=Dialect(), stream=io.BytesIO(b"c\n3\n-1\n3\n"))
    (part,) = source.parts([ColumnRequest(0, "class")])
    (batch,) = part.batches(10)
    assert batch.columns[0].values is None
    assert batch.columns[0].codes.tolist() == [3, -1, 3]


def test_spellings_of_one_label_share_a_code():
    assert read_alike(b"c\n1\n1.0\ntrue\n01\ndog\n1.00\n", "class").lists == [[1, 1, 1, "01", "dog", 1]]


def test_only_an_empty_cell_is_missing_among_labels_and_text():
    data = b'c,t\nNA,NA\n,\n"",""\nnull," "\n'
    assert read_alike(data, "class", "text").lists == [["NA", None, None, "null"], ["NA", None, None, " "]]


def test_text_is_kept_as_it_stands():
    data = 'k,n\n007,1\n7,1\n 7,1\n"a,b",1\n"say ""hi""",1\n"two\r\nlines",1\nété,1\n1.0,1\n'.encode()
    texts = ["007", "7", " 7", "a,b", 'say "hi"', "two\r\nlines", "été", "1.0"]
    assert read_alike(data, "text").lists == [texts]


def test_a_column_is_read_as_several_kinds_at_once():
    data = b"x,y\n1,a\n2.5,b\n,c\n"
    wants = [
        ColumnRequest(0, "text"),
        ColumnRequest(0, "number"),
        ColumnRequest(1, "class"),
        ColumnRequest(0, "class"),
        ColumnRequest(0, "number"),
    ]
    numbers = [1.0, 2.5, None]
    assert read_alike(data, *wants).lists == [
        ["1", "2.5", None], numbers, ["a", "b", "c"], [1, "2.5", None], numbers,
    ]  # fmt: skip


def test_truth_values_are_numbers_where_they_are_wanted():
    assert read_alike(b"t\ntrue\nFALSE\n1\n\n0.0\n", "truth").lists == [[1.0, 0.0, 1.0, None, 0.0]]


def test_scores_are_numbers_where_every_cell_is_one_and_labels_elsewhere():
    assert read(b"s\n1.5\n\ninf\n2\n", "score").lists == [[1.5, None, math.inf, 2.0]]
    assert read(b"s\n1\nNA\n\ncat\n", "score").lists == [[1, "NA", None, "cat"]]


def test_rows_are_counted_where_no_column_is_wanted():
    assert read_alike(b"a,b\n1,2\n3,4\n").rows == 2


# ── lines and quotes ──


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_end_in_feed_or_return_or_both(line_end, last):
    data = line_end.join([b"a,b", b"1,x", b'2,"y z"', b"3,w"]) + (line_end if last else b"")
    assert read_alike(data, "number", "text").lists == [[1.0, 2.0, 3.0], ["x", "y z", "w"]]


def test_line_ends_of_all_kinds_may_mix():
    assert read_alike(b"a,b\r1,x\n2,y\r\n3,z\r4,w", "number", "text").lists == [
        [1, 2, 3, 4],
        ["x", "y", "z", "w"],
    ]


def test_an_empty_line_is_a_missing_value_in_a_file_of_one_column():
    assert read_alike(b"p\n1\n\n2\r\n\r\n\r\n3\n", "number").lists == [[1.0, None, 2.0, None, None, 3.0]]
    assert read_alike(b"p\n\n1\n", "class").lists == [[None, 1]]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_an_empty_line_is_an_error_among_several_columns(line_end):
    data = line_end.join([b"a,b", b"1,2", b"", b"3,4", b""])
    assert stopped(data, "number") == (2, None, "the line is empty")
    assert stopped(data.replace(b"1", b'"1"'), "number") == (2, None, "the line is empty")


def test_an_empty_line_is_found_though_another_kind_of_line_end_makes_up_for_it():
    # Two line feeds for one row too few, a lone carriage return for one more.
    assert stopped(b"a,b\n1,2\n\n3,4\r5,6\n7,8\n", "number")[0] == 2


@pytest.mark.parametrize("tail", [b"", b"\n", b"\n\n\n", b"\r\n\r\n", b"\r\r", b"\n" * 300])
@pytest.mark.parametrize(
    "data, rows", [(b"p\n1\n2", 2), (b"a,b\n1,2\n3,4", 2), (b'p\n1\n""', 2), (b"a,b", 0)]
)
def test_empty_lines_at_the_very_end_are_no_rows(data, rows, tail):
    assert read_alike(data + tail, "number").rows == rows


def test_line_ends_inside_quotes_are_no_empty_lines():
    data = b'a,b\n1,"x\n\ny"\n2,"\n\n"\n3,z\n'
    assert read_alike(data, "number", "text").lists == [[1, 2, 3], ["x\n\ny", "\n\n", "z"]]


def test_a_row_with_too_many_or_too_few_cells_is_refused_with_both_counts():
    assert stopped(b"a,b\n1,2\n1,2,3\n", "number") == (2, None, "has 3 cells, the header has 2")
    assert stopped(b"a,b\n1,2\n1\n", "number") == (2, None, "has 1 cell, the header has 2")
    assert stopped(b"p\n1\n1,5\n", "number") == (2, None, "has 2 cells, the header has 1")
    assert stopped(b'a,b\n1,2\n"1,x",2,"3\n"\n', "number") == (2, None, "has 3 cells, the header has 2")


def test_a_header_shorter_than_the_rows_is_refused_at_the_first_row():
    assert stopped(b"pred,other\n1,2,3\n4,5,6\n", "number") == (1, None, "has 3 cells, the header has 2")


def test_a_quote_in_the_middle_of_a_plain_cell_is_a_quote():
    data = b'item,n\n5" pipe,1\na"b"c,2\n"q,""x""",3\n6",4\n'
    assert read_alike(data, "text", "number").lists == [['5" pipe', 'a"b"c', 'q,"x"', '6"'], [1, 2, 3, 4]]


def test_text_behind_a_closing_quote_is_refused():
    assert stopped(b'a,b\n1,2\n"x"y,2\n3,4\n', "text") == (2, None, "text stands behind a closing quote")
    assert stopped(b'a,b\n\n\n"x"y,2\n', "text")[0] == 1
    assert stopped(b'a,b\n1,2\n"x" ,2\n', "text") == (2, None, "text stands behind a closing quote")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_quote_that_is_never_closed_is_named_with_the_row_where_it_opens(line_end):
    data = line_end.join(["a,b", "1,x", '2,"y', "3,z", "4,w", ""]).encode()
    assert stopped(data, "number") == (2, None, "a quote opens here that is never closed")


def test_what_is_wrong_in_the_lowest_row_is_named_and_in_a_row_the_shape_first():
    wants = (ColumnRequest(1, "number"), ColumnRequest(0, "number"))
    assert stopped(b"a,b\n1,2\n1,x\ny,2\n1\n", *wants)[:2] == (2, "b")
    assert stopped(b"a,b\n1,2\ny,x\n", *wants)[:2] == (2, "a")
    assert stopped(b"a,b\n1,2\ny,x,3\n", *wants)[:2] == (2, None)
    assert stopped(b'a,b\n1,2\ny,2\n1,"x"z\n', *wants)[:2] == (2, "a")


def test_the_good_rows_before_a_bad_one_are_delivered():
    found = read_alike(b"a,b\n1,2\n3,4\n5\n", "number", "class")
    assert found.lists == [[1.0, 3.0], [2, 4]]


def test_a_row_longer_than_the_limit_is_refused_and_the_limit_named(monkeypatch):
    monkeypatch.setattr(csv_rows, "ROW_LIMIT_BYTES", 2 << 20)
    long = b"a,b\n1,2\n1," + b"9" * (3 << 20)
    for data in (long, long + b"\n3,4\n", b'a,b\n1,2\n1,"' + b'""\n' * (1 << 20)):
        for part in (16, csv_rows.PART_BYTES):
            found = read(data, "number", part=part)
            assert (found.rows, found.stop.row) == (1, 2)
            assert found.stop.message == "the row is longer than 2 MiB"
    assert read(b"a,b\n1,2\n1," + b"9" * ((2 << 20) - 10) + b"\n3,4\n", ColumnRequest(0, "number")).rows == 3


def test_endless_empty_lines_are_refused(monkeypatch):
    monkeypatch.setattr(csv_rows, "ROW_LIMIT_BYTES", 1 << 20)
    found = read(b"p\n1\n" + b"\n" * (3 << 20) + b"2\n", "number")
    assert found.stop.message == "holds more than 1 MiB of empty lines"


# ── the header ──


@pytest.mark.parametrize(
    "header, columns",
    [
        ("a,b", ("a", "b")), ("a;b", ("a", "b")), ("a\tb", ("a", "b")), ("a|b", ("a", "b")), ("a", ("a",)),
        ('"a,b";c', ("a,b", "c")), ('"a;b;c",d', ("a;b;c", "d")), ('"say ""x""",b', ('say "x"', "b")),
        ("p,p", ("p", "p")), (",p", ("", "p")), ("p,", ("p", "")), ("price;of, all;x", ("price", "of, all", "x")),
        ('"two\nlines",b', ("two\nlines", "b")), ("é,ß", ("é", "ß")), ("a b,[/red]", ("a b", "[/red]")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_the_delimiter_and_the_columns_are_found_from_the_header(header, columns, line_end):
    assert read_alike(f"{header}{line_end}".encode(), "text").columns == columns
    assert read_alike(header.encode(), "text").columns == columns


def test_the_dialect_says_the_delimiter():
    assert read_alike(b"a,b;c\n1,2;x\n", "text", dialect=Dialect(delimiter=";")).lists == [["1,2"]]
    assert read_alike(b"a b\n1 2\n", "text", "number", dialect=Dialect(delimiter=" ")).lists == [["1"], [2.0]]
    for wrong in ('"', "\n", "\r", "§", ",,", ""):
        with pytest.raises(UsageError):
            read(b"a,b\n", dialect=Dialect(delimiter=wrong))


def test_a_tab_wins_in_a_tsv_file():
    assert read_alike(b"a, b, c\td\n1, 2, 3\t4\n", "text", format="tsv").columns == ("a, b, c", "d")
    assert read_alike(b"a\nx,y\n", "text", format="tsv").lists == [["x,y"]]


def test_without_a_header_columns_are_numbered_and_the_first_line_is_a_row():
    dialect = Dialect(header=False)
    found = read_alike(b"1;x\n2;y\n", "number", "text", dialect=dialect)
    assert found.columns == ("1", "2")
    assert found.lists == [[1.0, 2.0], ["x", "y"]]
    assert read_alike(b"\n1\n\n2\n", "number", dialect=dialect).lists == [[None, 1.0, None, 2.0]]
    assert stopped(b"\n1,2\n", "number", dialect=dialect) == (1, None, "the line is empty")
    assert stopped(b"1,2\n1\n", "number", dialect=dialect) == (2, None, "has 1 cell, the first row has 2")


@pytest.mark.parametrize("header", ["1,2", "0.5", "1;-2e3", '"1","2"', " 1 ,inf"])
def test_a_header_of_numbers_is_refused(header):
    message = refused(f"{header}\n3,4\n".encode())
    assert "every cell of the header is a number" in message
    assert '`dialect="header=no"`' in message


def test_a_header_with_one_name_is_a_header():
    assert read_alike(b",0,1\nx,2,3\n", "text").columns == ("", "0", "1")
    assert read_alike(b"nan,2\nx,2\n", "text").columns == ("nan", "2")


def test_a_line_of_delimiters_is_no_header():
    assert "has more than 100000 columns" in refused(b"," * (1 << 20) + b"\n")
    assert "does not end" in refused(b"a" * (17 << 20) + b"\n1\n")


def test_a_file_of_a_header_only_has_columns_and_no_rows():
    for data in (b"a,b", b"a,b\n", b"a,b\r\n\r\n"):
        found = read_alike(data, "number", "text")
        assert (found.columns, found.rows, found.lists) == (("a", "b"), 0, [[], []])


def test_an_empty_file_is_refused():
    assert refused(b"") == "standard input: is empty"
    assert refused(b"\xef\xbb\xbf") == "standard input: is empty"
    assert "the first line is empty" in refused(b"\na,b\n1,2\n")
    assert "the first line is empty" in refused(b"\n")
    assert "does not end" in refused(b'"a,b\n1,2\n')


def test_a_byte_order_mark_is_no_part_of_the_first_name():
    assert read_alike(b'\xef\xbb\xbf"a",b\n1,2\n', "number").columns == ("a", "b")
    assert read_alike(b"\xef\xbb\xbf1,2\n", "number", dialect=Dialect(header=False)).lists == [[1.0]]


def test_bytes_that_are_not_utf8_are_refused_where_they_are_read():
    data = b"a,b\n1,x\n2,caf\xe9\n3,y\n"
    assert read_alike(data, "number").lists == [[1.0, 2.0, 3.0]]
    for kind in ("text", "class", "number"):
        row, column, message = stopped(data.replace(b"x", b"1"), ColumnRequest(1, kind))
        assert (row, column, message) == (2, "b", "`caf\\xe9` is not valid UTF-8")
    assert 'dialect="encoding=' in refused(b"a,caf\xe9\n1,2\n")


def test_a_null_byte_is_an_error_or_a_value():
    assert stopped(b"a,b\n1,2\n1\x00,2\n", "number") == (2, "a", "`1\\x00` is not a number")
    assert read_alike(b"a,b\n\x00x,2\n", "text").lists == [["\x00x"]]


def test_a_thousand_columns_are_read_by_place():
    names = ",".join(f"c{place}" for place in range(1000))
    row = ",".join(str(place) for place in range(1000))
    found = read(f"{names}\n{row}\n{row}\n".encode(), ColumnRequest(999, "number"), ColumnRequest(3, "class"))
    assert found.lists == [[999.0, 999.0], [3, 3]]


def test_the_cells_of_a_row_say_what_they_mean_alone():
    cells = CellReader()
    assert (cells.number("1.5"), cells.number(" na "), cells.label("15.0"), cells.label("x")) == (
        1.5,
        None,
        15,
        "x",
    )
    assert cells.is_number("1e999")
    assert not cells.is_number("nan")


@pytest.mark.parametrize(
    "odd", ["NA", "nan", "", " 5", "5 ", "-nan", "inf", "1e400", "9007199254740993", "x", "1 2", "1\r"]
)
def test_a_cell_unlike_those_that_are_tried_first_is_read_as_by_the_reference(odd):
    # Every sixth of 400 cells is tried, and the first 4,096 bytes.
    for at in (100, 397):
        rows = [f"{row}.25,{row + 1000000}" for row in range(400)]
        rows[at] = f"{odd},{at}"
        found = read_alike("\n".join(["a,b", *rows, ""]).encode(), "number", "number")
        assert found.rows >= at
