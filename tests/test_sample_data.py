"""The sample files are what sample_data/README.md says: complete, consistent, and made by make.py."""

import csv
import math
import re
import struct
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import datasets

SAMPLES = Path(__file__).parent.parent / "sample_data"
STEMS = [
    "breast_cancer",
    "breast_cancer_costs",
    "diabetes_labels",
    "diabetes_preds",
    "diabetes_quantiles",
    "dictation",
    "digits_facts",
    "digits_labels",
    "digits_preds",
    "digits_search",
    "iris",
    "iris_costs",
    "sales",
    "sales_train",
    "survival",
    "training",
]
FACTS = {"even": "02468", "prime": "2357", "above_4": "56789", "loop": "0689"}
SPECIES = ("setosa", "versicolor", "virginica")


def texts(path):
    """Column name → the cells as they stand in the CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return dict(zip(header, zip(*rows, strict=True), strict=True))


def columns(stem):
    return pq.read_table(SAMPLES / f"{stem}.parquet").to_pydict()


def bits(value):
    return struct.pack("<d", value) if isinstance(value, float) else value


def make(directory):
    subprocess.run([sys.executable, SAMPLES / "make.py", directory], check=True)
    return directory


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("made"))


def test_every_table_is_there_as_csv_and_as_parquet():
    for suffix in ("csv", "parquet"):
        assert sorted(path.stem for path in SAMPLES.glob(f"*.{suffix}")) == STEMS


@pytest.mark.parametrize("stem", STEMS)
def test_the_csv_and_the_parquet_hold_the_same_values_bit_for_bit(stem):
    table = pq.read_table(SAMPLES / f"{stem}.parquet")
    read_as = {pa.int64(): int, pa.float64(): float, pa.string(): str}
    cells = texts(SAMPLES / f"{stem}.csv")
    assert list(cells) == table.column_names
    for name, column in cells.items():
        read = read_as[table.schema.field(name).type]
        stored = table.column(name).to_pylist()
        assert [bits(read(cell)) for cell in column] == [bits(value) for value in stored], name
        # The shortest text that gives the double back, and whole numbers without a point.
        assert list(column) == [str(value) for value in stored], name


CENSORED = ("survival", "upper")
"""An interval without an upper end: what is known of a row that was censored."""


@pytest.mark.parametrize("stem", STEMS)
def test_no_cell_is_missing_and_none_infinite_but_the_upper_ends_of_censored_rows(stem):
    for name, column in columns(stem).items():
        assert None not in column, name
        ends = [math.inf] if (stem, name) == CENSORED else []
        infinite = {value for value in column if isinstance(value, float) and not math.isfinite(value)}
        assert sorted(infinite) == ends, name


@pytest.mark.parametrize("stem", STEMS)
def test_the_readme_tells_the_rows_and_columns_of_each_file(stem):
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    rows = re.search(rf"^\| `{stem}` \| (\d+) \|", readme, re.MULTILINE)
    assert rows is not None
    table = columns(stem)
    assert int(rows[1]) == len(next(iter(table.values())))
    section = readme.split(f"### `{stem}`\n")[1].split("\n#")[0]
    assert re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE) == list(table)


def test_the_make_script_makes_the_same_files_again(made):
    for stem in STEMS:
        again, kept = (pq.read_table(folder / f"{stem}.parquet") for folder in (made, SAMPLES))
        assert again.schema == kept.schema
        for name in kept.column_names:
            new, old = again.column(name).to_pylist(), kept.column(name).to_pylist()
            if pa.types.is_floating(kept.schema.field(name).type):
                # Processors sum a matrix product in different orders, and solvers stop at different
                # steps; the models are fitted to well under 1e-6, whichever way that went.
                assert new == pytest.approx(old, rel=1e-6, abs=1e-6), (stem, name)
            else:
                assert new == old, (stem, name)


def test_the_make_script_repeats_itself_to_the_last_byte(made, tmp_path):
    again = make(tmp_path)
    for stem in STEMS:
        assert (again / f"{stem}.csv").read_bytes() == (made / f"{stem}.csv").read_bytes()
        assert pq.read_table(again / f"{stem}.parquet").equals(pq.read_table(made / f"{stem}.parquet"))


@pytest.mark.parametrize("stem", ["training", "diabetes_labels", "digits_labels"])
def test_files_without_fitted_predictions_are_made_again_to_the_last_byte(made, stem):
    assert (made / f"{stem}.csv").read_bytes() == (SAMPLES / f"{stem}.csv").read_bytes()


def test_labels_are_those_of_the_data_set_at_the_row_that_id_names():

    def true(loaded, table):
        return [loaded.target[k] for k in table["id"]]

    for stem in ("diabetes_labels", "diabetes_quantiles"):
        table = columns(stem)
        assert table["label"] == true(datasets.load_diabetes(), table)
    table = columns("digits_labels")
    assert table["label"] == true(datasets.load_digits(), table)
    table = columns("iris")
    assert table["label"] == [SPECIES[k] for k in true(datasets.load_iris(), table)]
    loaded, table = datasets.load_breast_cancer(), columns("breast_cancer")
    assert [int(loaded.target_names[k] == "malignant") for k in true(loaded, table)] == table["label"]


def test_slices_are_those_of_the_patient_that_id_names():
    table, patients = columns("diabetes_labels"), datasets.load_diabetes(scaled=False).data
    for k, ages, sex in zip(table["id"], table["age_group"], table["sex"], strict=True):
        youngest, oldest = map(int, ages.split("-"))
        assert youngest <= patients[k, 0] <= oldest
        assert sex == patients[k, 1]


@pytest.mark.parametrize(
    "stems",
    [
        ("diabetes_preds", "diabetes_labels", "diabetes_quantiles"),
        ("digits_preds", "digits_labels", "digits_facts"),
    ],
)
def test_files_that_belong_together_name_the_same_rows_in_the_same_order(stems):
    first, *others = (columns(stem)["id"] for stem in stems)
    assert first == sorted(set(first))
    assert all(other == first for other in others)


@pytest.mark.parametrize(("stem", "classes"), [("digits_preds", tuple(range(10))), ("iris", SPECIES)])
def test_class_probabilities_of_a_row_sum_to_one_and_the_greatest_is_predicted(stem, classes):
    table = columns(stem)
    for *row, pred in zip(*(table[f"p_{name}"] for name in classes), table["pred"], strict=True):
        # Ten roundings of at most half an ulp of one leave 1e-15.
        assert abs(math.fsum(row) - 1.0) <= 1e-12
        assert pred == classes[row.index(max(row))]


def test_the_probability_of_cancer_is_the_logistic_of_its_score():
    table = columns("breast_cancer")
    for prob, score, pred in zip(table["prob"], table["score"], table["pred"], strict=True):
        assert 0.0 < prob < 1.0
        # exp, the sum and the division each round: a few ulps of 2e-16.
        assert prob == pytest.approx(1.0 / (1.0 + math.exp(-score)), rel=1e-14)
        assert pred == (score > 0.0)


def test_the_facts_of_a_digit_are_facts_and_the_indicators_follow_the_probabilities():
    table, digits = columns("digits_facts"), columns("digits_labels")["label"]
    for fact, those in FACTS.items():
        assert table[f"y_{fact}"] == [int(str(digit) in those) for digit in digits]
        assert table[f"c_{fact}"] == [int(chance > 0.5) for chance in table[f"p_{fact}"]]


def test_the_training_run_is_gradient_descent_on_the_mean_squared_error():
    rows, steps = [(1, 2, 3), (2, 3, 5), (3, 4, 7)], Fraction(1, 100)
    weights = [Fraction(0)] * 3
    expected = []
    for _ in range(101):
        over = []
        for *x, label in rows:
            pred = sum(w * v for w, v in zip(weights, (*x, 1), strict=True))
            expected.append(float(pred))
            over.append(pred - label)
        for k in range(3):
            slope = Fraction(2, 3) * sum(e * (*row[:2], 1)[k] for e, row in zip(over, rows, strict=True))
            weights[k] -= steps * slope
    # Each epoch rounds a few times near 4, and the descent damps what earlier ones left.
    assert columns("training")["pred"] == pytest.approx(expected, abs=1e-12)


def test_the_training_loss_falls_at_every_epoch():
    table = columns("training")
    squares = [
        (Fraction(pred) - Fraction(label)) ** 2
        for pred, label in zip(table["pred"], table["label"], strict=True)
    ]
    assert table["epoch"] == [epoch for epoch in range(101) for _ in range(3)]
    losses = [sum(squares[k : k + 3]) / 3 for k in range(0, 303, 3)]
    assert losses[0] == Fraction(9 + 25 + 49, 3)
    assert all(later < earlier for earlier, later in pairwise(losses))


def test_the_sales_that_are_forecast_follow_those_to_train_on():
    found, train = columns("sales"), columns("sales_train")
    held = dict(zip(zip(train["store"], train["month"], strict=True), train["label"], strict=True))
    for store, month, pred, naive in zip(
        found["store"], found["month"], found["pred"], found["naive"], strict=True
    ):
        one, two = held[store, f"2023{month[4:]}"], held[store, f"2022{month[4:]}"]
        assert naive == one
        assert pred == round(1.04 * (2 * one + two) / 3, 1)
    assert {month[:4] for month in train["month"]} == {"2021", "2022", "2023"}
