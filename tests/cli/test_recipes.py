"""The recipes of `losscli help scale` for machines that are not here: their commands are run, part by part."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import yaml

from conftest import ROOT
from losscli.cli.commands.help import GUIDE

RMSE = "58.45187022488359"


@pytest.fixture
def run(reader, tmp_path):
    """Run a command of a recipe, in a folder with its files, and return what it prints."""
    for side in ("preds", "labels"):
        shutil.copy(ROOT / "sample_data" / f"diabetes_{side}.csv", tmp_path / f"{side}.csv")

    def run(command, **variables):
        done = subprocess.run(
            ["sh", "-c", command.replace("/data/", f"{tmp_path}/")], cwd=tmp_path, env={**reader, **variables},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def recipe(word):
    """The YAML of the recipe that has a word."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (GUIDE / "scale.md").read_text(), re.MULTILINE | re.DOTALL)
    (found,) = (yaml.safe_load(block) for block in blocks if word in block)
    return found


def test_the_jobs_of_the_matrix_and_the_one_behind_them_measure_the_whole(run):
    jobs = recipe("matrix")["jobs"]
    parts = jobs["part"]["strategy"]["matrix"]["part"]
    _, measure, upload = jobs["part"]["steps"]
    states = []
    for part in parts:
        values = {"matrix.part": part, "strategy.job-total": len(parts)}

        def filled(text, values=values):
            return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: str(values[found[1]]), text)

        run(filled(measure["run"]))
        states.append(filled(upload["with"]["path"]))
    _, _, merge = jobs["whole"]["steps"]
    assert jobs["whole"]["needs"] == "part"
    assert run(f"ls {' '.join(states)}").split() == states
    assert RMSE in run(f"{merge['run']} -f csv")


def test_the_pods_of_the_job_measure_the_whole(run):
    spec = recipe("kind: Job")["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert container["command"] == ["sh", "-c"]
    for index in range(spec["completions"]):
        run(*container["args"], JOB_COMPLETION_INDEX=str(index))
    assert run("losscli merge /data/part-*.state -f value").strip() == RMSE
