"""What surrounds the package: the wheel and the source archive, the lowest versions, the version, and the hooks of git."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from conftest import ROOT
from losscli._version import __version__

SAMPLES = ROOT / "sample_data"


def tracked(folder: str = "") -> set[str]:
    """The files that git keeps under a folder."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--", folder or "."], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name for name in done.stdout.split("\0") if name}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the source archive, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", folder, ROOT],
        check=True,
        timeout=600,
        stdout=subprocess.DEVNULL,
    )
    return folder


@pytest.mark.run_all
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no git")
def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(built):
    (wheel,) = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == tracked("losscli")


@pytest.mark.run_all
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no git")
def test_the_source_archive_holds_the_tests_and_the_sample_data(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as held:
        names = {name.partition("/")[2] for name in held.getnames()}
    assert tracked("losscli") | tracked("tests") | tracked("sample_data") <= names


@pytest.mark.run_all
def test_the_wheel_runs_where_there_is_no_tree(built, tmp_path):
    (wheel,) = built.glob("*.whl")
    installed = tmp_path / "installed"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", installed, wheel],
        check=True, timeout=300,
    )  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(installed)}

    def python(*words) -> str:
        return subprocess.run(
            [sys.executable, "-P", *words], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=100, check=True,
        ).stdout  # fmt: skip

    assert str(installed) in python("-c", "import losscli; print(losscli.__file__)")
    assert python("-m", "losscli", "--version").startswith("losscli ")
    value = ["eval", SAMPLES / "training.csv", "--where", "epoch == 0", "-l", "mse", "-f", "value"]
    assert float(python("-m", "losscli", *value)) == 83 / 3
    assert "How to read an interval" in python("-m", "losscli", "help")
    page = tmp_path / "page.html"
    python(
        "-m", "losscli", "report", SAMPLES / "iris.csv", "--pred", "p_*", "-l", "zero_one", "-o", page, "-q"
    )
    assert page.stat().st_size > 1000
    assert (installed / "bin" / "losscli").exists() or (installed / "Scripts").exists()


def test_the_hooks_before_a_commit_are_the_checks_of_ci():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert all({"id", "name", "entry", "language"} <= set(hook) for hook in hooks)
    checks = re.findall(
        r"^(\.venv/bin/(?:ruff|mypy).*)$", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [hook["entry"] for hook in hooks] == [check.removesuffix(" .") for check in checks]


def test_every_dependency_has_a_lowest_version_and_no_highest():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [need for needs in project["optional-dependencies"].values() for need in needs]
    for need in (*project["dependencies"], *extras):
        assert re.fullmatch(r"losscli\[[a-z,]+\]|[\w-]+(\[[\w,]+\])?>=\d+(\.\d+)*", need), need


def test_the_version_is_semantic_and_heads_the_change_log():
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0].split()[0] in (__version__, "Unreleased")
