"""JSON Schemas: each document that losscli writes holds what its schema says, and no more."""

from __future__ import annotations

import copy
import json

import jsonschema
import pytest
from tables import COMPARED

from losscli.report.document import DOCUMENTS


@pytest.fixture
def schema(here):
    def load(name):
        ran = here("schema", name)
        assert (ran.code, ran.err) == (0, "")
        found = json.loads(ran.out)
        jsonschema.Draft202012Validator.check_schema(found)
        return jsonschema.Draft202012Validator(found)

    return load


@pytest.mark.parametrize("name", [*DOCUMENTS, "config"])
def test_every_schema_is_one_by_its_own_standard(schema, name):
    assert schema(name).schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_an_unknown_schema_is_exit_2_with_those_there_are(here):
    ran = here("schema", "resutl").block()
    assert ran.code == 2
    assert all(name in ran.err for name in DOCUMENTS)


def test_results_hold_what_their_schema_says(here, text, schema):
    number = text("n.csv", ["pred,label,c,s", "1,0,a,1", "2,4,,2", "3,3,b,1"])
    prob = text("p.csv", ["prob,label", "0.25,0", "1,0", "0.5,1"])
    classes = text("k.csv", ["p_a,p_b,label", "0.9,0.1,a", "0.5,0.5,a", "0.7,0.3,b"])
    calls = [
        [number, "-l", "mse", "-l", "r2", "-l", "huber:delta=2"],
        [number, "-l", "mse", "--by", "c", "-l", "mape:zero=skip"],
        [number, "-l", "mse", "-l", "r2", "--by", "c", "--ci", "bootstrap"],
        [number, "-l", "mse", "-l", "r2", "--ci", "normal:level=0.9"],
        [number, "-l", "mse", "--where", "c == 'zz' or c == 'a'"],
        [number, "-l", "mse", "--weight", "s", "--max", "mse=0", "--min", "mae=0"],
        [number, "--max-regression", "mse=2%", "--baseline", "absent.json"],
        [number, "--pred", "pred", "--pred", "s", "--label", "label", "-l", "mse"],
        [prob, "-l", "log_loss", "-l", "zero_one", "-l", "ece"],
        [classes, "--pred", "p_*", "-l", "cross_entropy", "-l", "recall"],
        [classes, "--pred", "p_*", "-l", "recall", "--average", "none"],
    ]
    of_result = schema("result")
    for call in calls:
        ran = here("eval", *call, "--json")
        assert ran.code in (0, 1), ran.err
        of_result.validate(json.loads(ran.out))


def test_the_keys_of_a_result_are_written_in_the_order_of_its_schema(here, pair, schema):
    found = schema("result").schema
    held = json.loads(here("eval", *pair, "-l", "mse", "--json").out)
    assert list(held) == list(found["properties"])
    assert list(held["results"][0]) == list(found["$defs"]["ResultRecord"]["properties"])
    assert [*held["rows"], "zero_weight", "only_head"] == list(found["$defs"]["RowsRecord"]["properties"])


def test_comparisons_hold_what_their_schema_says(here, text, schema):
    rows = [f"{at},{at % 3 + 0.5 * (at % 7)},{at % 3},{at % 4},{at},{'xy'[at % 2]}" for at in range(40)]
    both = text("both.csv", ["id,label,a,b,t,g", *rows])
    call = ["compare", both, *COMPARED, "-l", "r2", "--by", "g", "--json"]
    of_comparison = schema("comparison")
    tests = set()
    for options in (
        [],
        ["--ci", "bootstrap"],
        ["--time", "t", "--ci", "normal:horizon=2"],
        ["--margin", "9"],
    ):
        ran = here(*call, "--fail-on", "", *options)
        assert ran.code == 0, ran.err
        held = json.loads(ran.out)
        of_comparison.validate(held)
        tests |= {one["test"] for one in held["comparisons"]}
    assert tests == {None, "paired t", "sign flip", "diebold-mariano"}
    for change in (
        lambda one: one.pop("paired"),
        lambda one: one["comparisons"][0].update(verdict="worst"),
        lambda one: one["comparisons"][0].update(test="t"),
        lambda one: one["comparisons"][0].pop("part"),
    ):
        changed = copy.deepcopy(held)
        change(changed)
        assert not of_comparison.is_valid(changed)


def test_the_schema_of_a_result_refuses_what_is_none(here, pair, schema):
    of_result = schema("result")
    held = json.loads(here("eval", *pair, "-l", "mse", "--max", "mse=1", "--json").out)
    of_result.validate(held)
    for change in (
        lambda one: one.update(more=1),
        lambda one: one.pop("gate"),
        lambda one: one.update(schema="losscli.result/2"),
        lambda one: one["results"][0].update(value="1"),
        lambda one: one["results"][0].pop("stderr"),
        lambda one: one["results"][0].update(part={"klass": "a"}),
        lambda one: one["gate"]["limits"][0].update(kind="most"),
        lambda one: one["rows"].update(used=-1),
    ):
        changed = copy.deepcopy(held)
        change(changed)
        assert not of_result.is_valid(changed)


def test_the_catalogue_holds_what_its_schema_says(here, schema):
    schema("losses").validate(json.loads(here("losses", "--json").out))
    schema("losses").validate(json.loads(here("losses", "huber", "--json").out))


@pytest.mark.parametrize(
    "args, code",
    [(["absent.csv", "-l", "mse"], 3), (["absent.csv", "-l", "hubber"], 2), (["--nonsense"], 2), (["x.csv", "-l", "mse", "-o", "no/folder.json"], 74)],
)  # fmt: skip
def test_errors_hold_what_their_schema_says(here, schema, args, code):
    ran = here("eval", *args, "--errors", "json")
    assert ran.code == code
    held = json.loads(ran.err)
    schema("error").validate(held)
    assert held["exit_code"] == code


def test_a_configuration_holds_what_its_schema_says(schema):
    of_config = schema("config")
    of_config.validate(
        {"loss": "mse", "gates": [{"loss": "mse", "max_regression": "2%", "slice": "*"}], "jobs": 2}
    )
    of_config.validate({"loss": ["mse", "mae"], "nan": "drop", "gates": [{"loss": "mse", "max": 1}]})
    for wrong in (
        {"lose": "mse"},
        {"gates": [{"max": 1}]},
        {"nan": "skip"},
        {"jobs": 0},
        {"gates": {"loss": "mse"}},
    ):
        assert not of_config.is_valid(wrong)


def test_states_hold_what_their_schema_says(here, text, schema, tmp_path):
    rows = text("n.csv", ["pred,other,label,w,c", "1,2,0,1,a", "2,2,4,0.5,", "3,1,3,2,b"])
    models = ("--pred", "pred", "--pred", "other", "--label", "label", "--loss", "mse")
    calls = [
        ("eval", rows, "--pred", "pred", "--loss", "mse,r2,max_error", "--by", "c", "--ci", "normal"),
        ("eval", rows, "--pred", "pred", "--loss", "mae,medae:approx=8", "--weight", "w", "--group", "c"),
        ("eval", rows, "--pred", "pred", "--loss", "mse", "--ci", "bootstrap", "--shard", "1/2"),
        ("compare", rows, *models, "--by", "c"),
    ]
    for call in calls:
        path = tmp_path / "one.state"
        assert here(*call, "--state-out", str(path)).code in (0, 1)
        schema("state").validate(json.loads(path.read_text()))
