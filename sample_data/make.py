"""The sample files: predictions of fitted models for rows that the models never saw.

Every number comes from a data set that scikit-learn carries with it and from a
model fitted here, or, for `training`, from a line fitted by gradient descent.
Origins, licences and the meaning of each column stand in README.md.

    python sample_data/make.py [DIRECTORY]

writes each table twice, as CSV and as Parquet (default: beside this script).
"""

import csv
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, QuantileRegressor, Ridge
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from threadpoolctl import threadpool_limits

Table = dict[str, list[int] | list[float] | list[str]]

SEED = 20040101
QUANTILES = (0.1, 0.5, 0.9)
SPECIES = ("setosa", "versicolor", "virginica")
FACTS = {
    "even": {0, 2, 4, 6, 8},
    "prime": {2, 3, 5, 7},
    "above_4": {5, 6, 7, 8, 9},
    "loop": {0, 6, 8, 9},
}

SENTENCES = (
    "the train to the coast leaves at noon | the train to the coast leaves at noon",
    "please bring me a glass of water | please bring me the glass of water",
    "we met him at the old harbour | we met at the old harbour",
    "turn left after the second bridge | turn left after the second bridge",
    "she wrote the letter with a pencil | she wrote a letter with the pencil",
    "it has been raining since Monday | it has been reigning since Monday",
    "nobody knew where the key was | nobody new where the key was",
    "four birds sat on the garden wall | for birds sat on the garden wall",
    "the museum is closed in winter | the museum is closed in winter",
    "I will call you when I arrive | I will call you when I arrive there",
    "their house stands by the river | there house stands by the river",
    "he plays the violin very well | he plays the violin very well",
    "can you repeat the last number | can you repeat the last number",
    "the soup needs a little more salt | the soup needs little more salt",
    "our meeting begins in ten minutes | hour meeting begins in ten minutes",
    "the weather in Zürich was fine | the weather in Zurich was fine",
    "all the windows were wide open | all the windows were wide open",
    "two plus two makes four | to plus to makes for",
    "write your name on the first page | right your name on the first page",
    "good night and see you tomorrow | good night and see you tomorrow",
)


def held_out(rows: int, count: int, classes: list[int] | None = None) -> tuple[list[int], list[int]]:
    """The rows to fit on and `count` rows to predict, each in the order of the data set."""
    fit, rest = train_test_split(range(rows), test_size=count, random_state=SEED, stratify=classes)
    return sorted(fit), sorted(rest)


def logistic(c: float) -> LogisticRegression:
    # Newton steps to a tight tolerance, since where a looser solver stops depends on the machine.
    return LogisticRegression(C=c, solver="newton-cholesky", tol=1e-10, max_iter=1000)


def diabetes() -> dict[str, Table]:
    source = load_diabetes(scaled=False)
    # Of 265 rows to fit on, neither a tenth nor a half is a whole number, which would leave a quantile
    # free to lie anywhere between two rows.
    fit, rest = held_out(len(source.target), count=177)
    x, label = source.data, source.target

    def predict(model: object) -> list[float]:
        pipeline = make_pipeline(StandardScaler(), model).fit(x[fit], label[fit])
        preds: list[float] = pipeline.predict(x[rest]).tolist()
        return preds

    # Kernel ridge fits no intercept, so it is given a target with mean zero.
    curved = TransformedTargetRegressor(
        KernelRidge(kernel="rbf", alpha=1.0, gamma=0.02), transformer=StandardScaler()
    )
    quantiles: Table = {
        f"q_{q}": predict(QuantileRegressor(quantile=q, alpha=0.0, solver="highs")) for q in QUANTILES
    }
    return {
        "diabetes_preds": {"id": rest, "pred": predict(curved), "pred_linear": predict(Ridge(alpha=1.0))},
        "diabetes_labels": {
            "id": rest,
            "label": label[rest].tolist(),
            "age_group": ["19-39" if age < 40 else "40-59" if age < 60 else "60-79" for age in x[rest, 0]],
            "sex": x[rest, 1].astype(int).tolist(),
        },
        "diabetes_quantiles": {"id": rest, **quantiles, "label": label[rest].tolist()},
    }


def breast_cancer() -> dict[str, Table]:
    source = load_breast_cancer()
    malignant = 1 - source.target  # scikit-learn counts benign as 1; the event to predict is the cancer
    fit, rest = held_out(len(malignant), count=228, classes=malignant.tolist())
    # A stronger penalty than usual, since some rows lie so far out that their probability would round to 1.
    model = make_pipeline(StandardScaler(), logistic(c=0.1)).fit(source.data[fit], malignant[fit])
    return {
        "breast_cancer": {
            "id": rest,
            "label": malignant[rest].tolist(),
            "prob": model.predict_proba(source.data[rest])[:, 1].tolist(),
            "score": model.decision_function(source.data[rest]).tolist(),
            "pred": model.predict(source.data[rest]).tolist(),
        },
        "breast_cancer_costs": {"true": [0, 1], "0": [0.0, 5.0], "1": [1.0, 0.0]},
    }


def digits() -> dict[str, Table]:
    source = load_digits()
    fit, rest = held_out(len(source.target), count=270, classes=source.target.tolist())
    facts = np.array([[int(digit in those) for those in FACTS.values()] for digit in source.target])

    one_of_ten = make_pipeline(MinMaxScaler(), logistic(c=0.1)).fit(source.data[fit], source.target[fit])
    each_fact = make_pipeline(MinMaxScaler(), OneVsRestClassifier(logistic(c=0.1)))
    each_fact.fit(source.data[fit], facts[fit])
    share = one_of_ten.predict_proba(source.data[rest])
    chance = each_fact.predict_proba(source.data[rest])
    return {
        "digits_preds": {
            "id": rest,
            **{f"p_{digit}": share[:, digit].tolist() for digit in range(10)},
            "pred": share.argmax(axis=1).tolist(),
        },
        "digits_labels": {"id": rest, "label": source.target[rest].tolist()},
        "digits_facts": {
            "id": rest,
            **{f"y_{fact}": facts[rest, k].tolist() for k, fact in enumerate(FACTS)},
            **{f"p_{fact}": chance[:, k].tolist() for k, fact in enumerate(FACTS)},
            **{f"c_{fact}": (chance[:, k] > 0.5).astype(int).tolist() for k, fact in enumerate(FACTS)},
        },
    }


def digits_search() -> dict[str, Table]:
    """Pictures as queries, and for each of them other pictures, by their likeness to it."""
    source = load_digits()
    fit, rest = held_out(len(source.target), count=24, classes=source.target.tolist())
    draw = np.random.PCG64(SEED)
    found: Table = {"query": [], "id": [], "label": [], "score": []}
    for query in rest:
        # The 15 pictures with the least random words: which they are depends on no version.
        words = draw.random_raw(len(fit))
        for one in sorted(fit[at] for at in np.argsort(words, kind="stable")[:15]):
            digits = [int(source.target[at]) for at in (query, one)]
            alike = sum((digits[0] in those) == (digits[1] in those) for those in FACTS.values())
            pictures = [source.data[at].astype(int) for at in (query, one)]
            lengths = [math.sqrt(int(picture @ picture)) for picture in pictures]
            row = (query, one, 2 if digits[0] == digits[1] else int(alike == len(FACTS) - 1))
            score = int(pictures[0] @ pictures[1]) / (lengths[0] * lengths[1])
            for name, cell in zip(found, (*row, score), strict=True):
                found[name].append(cell)  # type: ignore[arg-type]
    return {"digits_search": found}


def iris() -> dict[str, Table]:
    source = load_iris()
    fit, rest = held_out(len(source.target), count=75, classes=source.target.tolist())
    model = make_pipeline(StandardScaler(), logistic(c=1.0)).fit(source.data[fit], source.target[fit])
    share = model.predict_proba(source.data[rest])
    return {
        "iris": {
            "id": rest,
            "label": [SPECIES[k] for k in source.target[rest]],
            **{f"p_{name}": share[:, k].tolist() for k, name in enumerate(SPECIES)},
            "pred": [SPECIES[k] for k in share.argmax(axis=1)],
            **{f"logp_{name}": [math.log(p) for p in share[:, k]] for k, name in enumerate(SPECIES)},
        },
        "iris_costs": {
            "true": list(SPECIES),
            "setosa": [0.0, 2.0, 2.0],
            "versicolor": [2.0, 0.0, 1.0],
            "virginica": [2.0, 1.0, 0.0],
        },
    }


def training(rate: float = 0.01, epochs: int = 100) -> dict[str, Table]:
    x1, x2, label = [1.0, 2.0, 3.0], [2.0, 3.0, 4.0], [3.0, 5.0, 7.0]
    w1 = w2 = b = 0.0
    preds: list[float] = []
    for _ in range(epochs + 1):
        pred = [w1 * u + w2 * v + b for u, v in zip(x1, x2, strict=True)]
        preds += pred
        # The gradient of the mean of (pred - label)**2 over the three rows.
        over = [2.0 * (p - y) / 3.0 for p, y in zip(pred, label, strict=True)]
        w1 -= rate * math.fsum(e * u for e, u in zip(over, x1, strict=True))
        w2 -= rate * math.fsum(e * v for e, v in zip(over, x2, strict=True))
        b -= rate * math.fsum(over)
    times = epochs + 1
    return {
        "training": {
            "epoch": [epoch for epoch in range(times) for _ in label],
            "sample": [1, 2, 3] * times,
            "x1": x1 * times,
            "x2": x2 * times,
            "label": label * times,
            "pred": preds,
        }
    }


STORES = {"Aachen": 120, "Bonn": 310, "Celle": 45, "Dresden": 800}
SEASON = (-18, -22, -10, 0, 6, 12, 20, 17, 5, -2, -12, 4)  # percent, from January on


def sales(years: int = 4) -> dict[str, Table]:
    """Monthly sales of four stores: three years to train on, and the year to forecast."""
    seed = 2024
    columns: dict[str, list[Any]] = {name: [] for name in ("store", "month", "label")}
    for store, level in STORES.items():
        for month in range(12 * years):
            seed = (1103515245 * seed + 12345) % 2**31  # the generator of the C standard's example
            percent = 100 + SEASON[month % 12] + month // 3 + seed // 65536 % 15 - 7
            columns["store"].append(store)
            columns["month"].append(f"{2021 + month // 12}-{month % 12 + 1:02}-01")
            columns["label"].append(round(level * percent / 100))
    last = [month.startswith(f"{2021 + years - 1}") for month in columns["month"]]
    train = {
        name: [v for v, late in zip(held, last, strict=True) if not late] for name, held in columns.items()
    }
    found: Table = {
        name: [v for v, late in zip(held, last, strict=True) if late] for name, held in columns.items()
    }
    past = dict(zip(zip(train["store"], train["month"], strict=True), train["label"], strict=True))
    pairs = list(zip(found["store"], found["month"], strict=True))
    before = [
        [past[store, f"{2021 + years - 1 - back}{month[4:]}"] for back in (1, 2)] for store, month in pairs
    ]
    # The last year's month, and a step on from the last two of them.
    found["pred"] = [round(1.04 * (2 * one + two) / 3, 1) for one, two in before]
    found["naive"] = [float(one) for one, _ in before]
    return {"sales": found, "sales_train": train}


def survival(rows: int = 80, watched: float = 24.0) -> dict[str, Table]:
    """Months until machines of four ages fail, watched for two years and looked at every half year."""
    label: dict[str, list[float]] = {"time": [], "lower": [], "upper": [], "pred": []}
    events: list[int] = []
    for row in range(rows):
        age, chance = row % 4, (0.5 + row * (math.sqrt(5.0) - 1.0) / 2.0) % 1.0
        # Rounded, so that the last digit of a logarithm does not show.
        fails = round(-math.log(chance) * (40.0 - 9.0 * age), 1)
        seen = fails < watched
        events.append(int(seen))
        label["time"].append(fails if seen else watched)
        label["lower"].append(6.0 * (fails // 6.0) if seen else watched)
        label["upper"].append(6.0 * (fails // 6.0) + 6.0 if seen else math.inf)
        label["pred"].append(round((27.0 - 6.0 * age) * (1.0 + 0.02 * (row % 7)), 1))
    ids = list(range(rows))
    times: Table = {"id": ids, "time": label["time"], "event": events}
    chances: Table = {
        f"alive_{months}": [round(math.exp(-months / (1.5 * pred)), 3) for pred in label["pred"]]
        for months in (6, 12, 18)
    }
    risk = [round(math.log(27.0 / pred), 3) for pred in label["pred"]]
    bounds: Table = {"lower": label["lower"], "upper": label["upper"]}
    return {"survival": {**times, **bounds, "pred": label["pred"], "risk": risk, **chances}}


def dictation() -> dict[str, Table]:
    """Sentences as they were said, and as a program might have written them down."""
    pairs = [line.split(" | ") for line in SENTENCES]
    tokens = [len(said.split()) + 1 for said, _ in pairs]
    return {
        "dictation": {
            "id": list(range(len(pairs))),
            "label": [said for said, _ in pairs],
            "pred": [heard for _, heard in pairs],
            "tokens": tokens,
            "nll": [round(count * (1.2 + 0.35 * (row % 5)), 2) for row, count in enumerate(tokens)],
        }
    }


def write(directory: Path, stem: str, table: Table) -> None:
    with (directory / f"{stem}.csv").open("w", newline="", encoding="utf-8") as file:
        # csv writes a float by its repr: the shortest text that reads back as the same double.
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(table)
        lines.writerows(zip(*table.values(), strict=True))
    pq.write_table(pa.table(table), directory / f"{stem}.parquet")


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    # One thread, since the number of threads changes the order in which a matrix product is summed.
    with threadpool_limits(1):
        several = (diabetes, breast_cancer, digits, digits_search, iris, training, sales, survival, dictation)
        for tables in several:
            for stem, table in tables().items():
                write(directory, stem, table)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
