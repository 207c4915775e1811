"""`losscli losses`: the catalogue, one page a loss, and examples that run."""

from __future__ import annotations

import csv
import doctest
import importlib
import io
import json
import re
import shlex

import numpy as np
import pytest

from conftest import ROOT
from losscli.loss.spec import fold
from losscli.losses.families import FAMILIES, catalogue, find

NAMES = list(catalogue())


def test_the_list_has_every_loss_once_below_its_task(here):
    ran = here("losses")
    assert (ran.code, ran.err) == (0, "")
    rows = re.findall(r"^  (\w+) +\S", ran.out, re.MULTILINE)
    assert sorted(rows) == sorted(NAMES)
    heads = re.findall(r"^(\w+)$", ran.out, re.MULTILINE)
    assert heads == list(dict.fromkeys(forms[0].task for forms in catalogue().values()))
    assert set(heads) <= set(FAMILIES)


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_a_line_of_the_list_keeps_to_the_width(here, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    lines = here("losses").out.splitlines()
    assert max(len(line) for line in lines if line.startswith("  ")) <= int(columns)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_definition_domain_parameters_reference_and_example(here, name):
    out = here("losses", name).out
    for form in catalogue()[name]:
        assert form.doc.summary in out
        for line in form.doc.definition.splitlines():
            assert f"    {line}".rstrip() in out
        squeezed = " ".join(out.split())
        assert " ".join(form.reference.split()) in squeezed
        for role in form.roles:
            assert f"{role.name} {role.domain}" in squeezed
        for param in form.params:
            assert re.search(rf"^{param.name} +\S", out, re.MULTILINE)
        assert ">>> " in out
    assert "\n$ losscli eval " in out


@pytest.mark.parametrize(
    "written, name",
    [("MSE", "mse"), ("Cross-Entropy", "cross_entropy"), ("logloss", "log_loss"), ("l1", "mae")],
)
def test_a_loss_is_found_by_alias_in_any_case_and_with_any_dash(here, written, name):
    assert here("losses", written) == here("losses", name)


def test_no_name_or_alias_means_two_losses():
    meant: dict[str, set[str]] = {}
    for name, forms in catalogue().items():
        for known in {name, *(alias for form in forms for alias in form.aliases)}:
            meant.setdefault(fold(known), set()).add(name)
    assert {known: names for known, names in meant.items() if len(names) > 1} == {}


def test_every_alias_leads_to_its_loss(run_all):
    ways = (str.upper, lambda alias: alias.replace("_", "-"), lambda alias: alias.replace("_", ""))
    for name, forms in catalogue().items():
        for at, alias in enumerate(
            dict.fromkeys([name, *(alias for form in forms for alias in form.aliases)])
        ):
            # In a usual run one of the spellings, which are looked for in the text of every family.
            for written in (alias, *(way(alias) for way in (ways if run_all else ways[at % 3 : at % 3 + 1]))):
                before, sign, _ = written.partition("@")
                assert [form.name for form in find(before, sign or None)] == [name] * len(forms), written


def test_an_unknown_loss_is_exit_2_with_a_near_name(here):
    ran = here("losses", "hubber").block()
    assert ran.code == 2
    assert "`huber`" in ran.err


def test_the_list_as_json_holds_what_the_pages_hold(here):
    found = json.loads(here("losses", "--json").out)
    assert found["schema"] == "losscli.losses/1"
    forms = [form for forms in catalogue().values() for form in forms]
    assert [loss["name"] for loss in found["losses"]] == [form.name for form in forms]
    for loss, form in zip(found["losses"], forms, strict=True):
        assert loss["better"] in ("lower", "higher", "zero")
        assert loss["from_logits"] == form.logits
        assert list(loss["roles"]) == [role.name for role in form.roles]
        assert [param["name"] for param in loss["params"]] == [param.name for param in form.offered_params]
        assert loss["example"] is None or loss["example"].startswith("losscli eval sample_data/")


def test_one_loss_as_json_has_its_forms_only(here):
    found = json.loads(here("losses", "Huber-Loss", "--json").out)
    (loss,) = found["losses"]
    assert loss["name"] == "huber"
    assert loss["params"] == [{"name": "delta", "range": "(0, inf)", "default": 1.0, "required": False}]


@pytest.mark.parametrize("name", NAMES)
def test_the_example_that_a_page_prints_runs_from_the_repository(here, monkeypatch, name):
    lines = re.findall(r"^\$ losscli (.*)$", here("losses", name).out, re.MULTILINE)
    monkeypatch.chdir(ROOT)
    for line in lines:
        ran = here(*shlex.split(line))
        filtered = r"left out: \d+ dropped \(where\)\n" if "--where" in line else ""
        assert ran.code == 0, line
        assert re.fullmatch(filtered, ran.err), line
        # Below a table of classes stand its pairs, which are no results.
        assert len([row for row in csv.DictReader(io.StringIO(ran.out)) if row["better"]]) == 1


def test_an_example_runs_in_a_shell_as_it_stands(losscli):
    example = re.search(r"^\$ losscli (.*)$", losscli("losses", "cross_entropy").out, re.MULTILINE)[1]
    assert losscli.shell(f'"$@" {example}', cwd=ROOT).code == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_doctest_that_a_page_prints_runs(here, name):
    out = here("losses", name).out
    for form in catalogue()[name]:
        assert form.doc.example in out
        names = vars(importlib.import_module(form.function.__module__)) | {"np": np}
        test = doctest.DocTestParser().get_doctest(form.doc.example + "\n", names, name, None, None)
        assert test.examples
        assert doctest.DocTestRunner(verbose=False).run(test).failed == 0
