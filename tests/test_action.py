"""The GitHub Action: its steps are run as the scripts that they are, with the inputs as GitHub gives them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
SAMPLES = ROOT / "sample_data"


def expression(text, inputs):
    """A value with its `${{ inputs.NAME }}` replaced."""
    values = {f"inputs.{name}": value for name, value in inputs.items()} | {"github.action_path": str(ROOT)}
    return re.sub(r"\$\{\{\s*(\S+?)\s*\}\}", lambda found: values[found[1]], text)


@pytest.fixture
def run(tmp_path):
    """Run the steps of the action, `losscli` being this one and `python -m pip` only noted."""
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "losscli").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m losscli "$@"\n')
    (bin / "python").write_text(
        '#!/bin/sh\nif [ "$1" = -m ] && [ "$2" = pip ]; then echo "$@" >> "$PIP_LOG"; exit; fi\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    for script in bin.iterdir():
        script.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()

    def steps(**given):
        given = {name.replace("_", "-"): value for name, value in given.items()}
        assert set(given) <= set(ACTION["inputs"])
        inputs = {name: given.get(name, held.get("default", "")) for name, held in ACTION["inputs"].items()}
        output, summary, pip = (tmp_path / name for name in ("output", "summary.md", "pip.log"))
        for file in (output, summary, pip):
            file.write_text("")
        env = {name: value for name, value in os.environ.items() if not name.startswith("LOSSCLI_")} | {
            "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}", "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary), "PIP_LOG": str(pip), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        code, log = 0, ""
        for step in ACTION["runs"]["steps"]:
            assert step["shell"] == "bash"
            values = {name: expression(text, inputs) for name, text in step["env"].items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], cwd=work, env=env | values,
                capture_output=True, text=True, encoding="utf-8", check=False, timeout=120,
            )  # fmt: skip
            code, log = done.returncode, log + done.stdout + done.stderr
            if code:
                break
        found = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return code, log, found, summary.read_text(), pip.read_text()

    steps.work = work
    return steps


DIABETES = {"preds": str(SAMPLES / "diabetes_preds.csv"), "labels": str(SAMPLES / "diabetes_labels.csv")}


def test_a_gate_that_passes(run):
    code, log, outputs, summary, pip = run(**DIABETES, loss="rmse\nmae\n", max="rmse=60", pred="pred")
    assert code == 0, log
    assert outputs["passed"] == "true"
    assert set(json.loads(outputs["metrics"])) == {"rmse", "mae"}
    assert json.loads((run.work / outputs["result"]).read_text())["gate"]["passed"] is True
    assert "gate passed" in (run.work / outputs["comment"]).read_text()
    assert "gate passed" in summary
    assert "::error" not in log
    assert pip == f"-m pip install --quiet --disable-pip-version-check {ROOT}\n"


def test_a_gate_that_fails_ends_the_step_with_1_and_leaves_its_outputs(run):
    code, log, outputs, summary, _ = run(**DIABETES, max="rmse=40\r\nmae=100", min="r2=0.9")
    assert code == 1
    assert outputs["passed"] == "false"
    assert "::error title=rmse::at most 40: " in log
    assert "::error title=r2::at least 0.9: " in log
    assert "2 of 3 limits" in summary


def test_a_regression_against_a_saved_result(run):
    assert run(**DIABETES, loss="rmse", result="base.json")[0] == 0
    code, log, outputs, *_ = run(**DIABETES, baseline="base.json", max_regression="rmse=0%")
    assert (code, outputs["passed"]) == (0, "true"), log
    code, log, outputs, *_ = run(
        **DIABETES, pred="pred_linear", baseline="base.json", max_regression="rmse=0%"
    )
    assert code in (0, 1), log
    held = json.loads((run.work / "losscli-result.json").read_text())["gate"]["limits"][0]
    assert held["passed"] == (held["value"] <= held["baseline"])


def test_data_that_are_wrong_end_the_step_with_3_and_no_stale_result(run):
    assert run(**DIABETES, loss="rmse")[0] == 0
    code, log, outputs, *_ = run(preds="absent.csv", loss="rmse")
    assert code == 3
    assert "absent.csv" in log
    assert outputs == {}
    assert not (run.work / "losscli-result.json").exists()


def test_one_file_further_options_and_another_version(run):
    code, log, outputs, _, pip = run(
        preds=str(SAMPLES / "breast_cancer.csv"),
        loss="brier",
        options="--pred\nprob\n--nan=drop",
        version="losscli==9",
    )
    assert code == 0, log
    assert set(json.loads(outputs["metrics"])) == {"brier"}
    assert pip.endswith(" losscli==9\n")


def test_a_configuration_of_the_repository_is_used(run):
    (run.work / "losscli.toml").write_text('[[gates]]\nloss = "rmse"\nmax = 40\n')
    assert run(**DIABETES)[0] == 1
    (run.work / "other.toml").write_text('[[gates]]\nloss = "rmse"\nmax = 90\n')
    assert run(**DIABETES, config="other.toml")[0] == 0


@pytest.mark.parametrize("value", ['"; touch owned; echo "$(touch owned)`touch owned` *', "--help"])
@pytest.mark.parametrize("name", ["preds", "labels", "loss", "pred", "max", "result", "version"])
def test_what_a_user_writes_is_never_run_as_a_script(run, name, value):
    code, *_ = run(**{**DIABETES, "loss": "rmse", name: value})
    assert not (run.work / "owned").exists()
    assert code in (0, 2, 3, 74)


def test_no_script_holds_an_expression():
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]


def test_every_input_reaches_a_step_and_is_described():
    used = {name for step in ACTION["runs"]["steps"] for text in step["env"].values() for name in re.findall(r"inputs\.([\w-]+)", text)}  # fmt: skip
    assert used == set(ACTION["inputs"])
    assert all(held["description"] for held in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))


def test_the_sample_that_a_reader_copies_names_files_that_are_there():
    assert all(Path(path).exists() for path in DIABETES.values())
