"""Without an extra installed, what needs it says which one to install, and everything else works."""

from __future__ import annotations

import sys

import pytest

from conftest import ROOT

SAMPLES = ROOT / "sample_data"
EXTRAS = ("jinja2", "markupsafe", "matplotlib", "junitparser", "fsspec", "aiohttp", "s3fs", "gcsfs", "adlfs", "dask", "distributed")  # fmt: skip


@pytest.fixture
def without_extras(monkeypatch):
    """As in an installation without extras: importing their packages is an ImportError."""
    for name in EXTRAS:
        for loaded in [module for module in sys.modules if module.split(".")[0] == name]:
            monkeypatch.delitem(sys.modules, loaded)
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(
    "call, extra",
    [
        (["report", SAMPLES / "iris.csv", "--pred", "p_*", "-l", "zero_one", "-o", "iris.html"], "report"),
        (["eval", SAMPLES / "breast_cancer.csv", "-l", "zero_one", "-f", "html"], "report"),
        (["eval", SAMPLES / "breast_cancer.csv", "-l", "zero_one", "-f", "junit"], "junit"),
        (["eval", SAMPLES / "breast_cancer.csv", "-l", "zero_one", "-o", "losses.xml"], "junit"),
        (["eval", "https://127.0.0.1:9/preds.csv", "-l", "mae"], "remote"),
        (["eval", "s3://bucket/preds.csv", "-l", "mae"], "remote"),
        (["eval", "gs://bucket/preds.csv", "-l", "mae"], "remote"),
        (["eval", "abfs://bucket/preds.csv", "-l", "mae"], "remote"),
        (
            ["eval", SAMPLES / "iris.csv", "-l", "zero_one", "--engine", "dask:scheduler=tcp://127.0.0.1:9"],
            "dask",
        ),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else "-".join(str(word).rsplit("/")[-1] for word in value)
    ),
)
def test_an_error_names_the_extra_that_is_missing(here, without_extras, call, extra):
    ran = here(*call).block()
    assert ran.code in (2, 3)
    assert f"pip install 'losscli[{extra}]'" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize("format", ["table", "csv", "json", "jsonl", "markdown", "github"])
def test_the_other_formats_need_no_extra(here, without_extras, format):
    ran = here("eval", SAMPLES / "breast_cancer.parquet", "-l", "zero_one", "-f", format)
    assert (ran.code, ran.err) == (0, "")
    assert "0.0263" in ran.out
