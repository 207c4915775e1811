"""What an installed package adds: a loss, an input format, an output format and an engine (`support/example_package`)."""

from __future__ import annotations

import json
import shutil

import pytest

from conftest import SUPPORT

PAIRS = [f"{at / 8} {at % 3}" for at in range(60)]


@pytest.fixture
def installed(tmp_path):
    """The environment of a process that has the example package installed, in a folder of its own."""
    site = tmp_path / "site"
    shutil.copytree(SUPPORT / "example_package", site, ignore=shutil.ignore_patterns("__pycache__"))
    return {"PYTHONPATH": str(site)}


@pytest.fixture
def again(installed, tmp_path):
    """The same with a second package that adds the same loss."""
    other = tmp_path / "site" / "other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[losscli.losses]\ncubed_error = other:cubed_error\n")
    return installed


def test_a_loss_an_input_format_and_an_output_format_are_found_by_their_names(losscli, installed, text):
    text("rows.pairs", PAIRS)
    text("rows.csv", ["pred,label", *(line.replace(" ", ",") for line in PAIRS)])
    words = ("--loss", "cubed-error,mse")
    pairs, csv = (
        json.loads(losscli("eval", file, *words, "--json", env=installed).out)
        for file in ("rows.pairs", "rows.csv")
    )
    assert pairs["results"] == csv["results"]
    assert [one["format"] for one in pairs["inputs"]] == ["pairs"]
    value = sum(abs(at / 8 - at % 3) ** 3 for at in range(60)) / 60
    assert pairs["metrics"]["cubed_error"] == pytest.approx(value, rel=1e-15)
    ran = losscli(
        "eval", "rows.pairs", "-l", "mse", "-f", "lines", "-o", "r.lines", "-o", "lines=l.txt", env=installed
    )
    assert (ran.code, ran.out) == (0, f"mse is {pairs['metrics']['mse']!r}\n")
    assert (losscli.folder / "r.lines").read_text() == (losscli.folder / "l.txt").read_text() == ran.out


def test_an_executor_gives_the_bits_of_this_process(losscli, installed, text):
    text("rows.csv", ["pred,label", *(line.replace(" ", ",") for line in PAIRS)])
    words = ("eval", "rows.csv", "--loss", "cubed_error,medae,r2", "--by", "label", "--json")
    here = losscli(*words, env=installed)
    there = losscli(*words, "--engine", "pool:workers=2,parts=5", env=installed)
    assert (there.err, there.code) == ("", 0)
    assert there.out == here.out


def test_the_list_of_losses_says_where_a_loss_comes_from(losscli, installed):
    listing = losscli("losses", env=installed).out
    assert (
        "\nfrom other packages\n  cubed_error     The third power of the absolute error. (acme 1.2)\n"
        in listing
    )
    assert "  unfinished      the loss `unfinished` of acme 1.2 cannot be loaded" in listing
    assert "package    acme 1.2" in losscli("losses", "cubed_error", env=installed).out
    records = json.loads(losscli("losses", "--json", env=installed).out)["losses"]
    assert {one["name"]: one["package"] for one in records if one["package"]} == {"cubed_error": "acme 1.2"}


def test_what_is_broken_is_an_error_where_it_is_asked_for_alone(losscli, installed, pair):
    assert losscli("eval", *pair, "-l", "mse", env=installed).code == 0
    ran = losscli("eval", *pair, "-l", "unfinished", env=installed).block()
    assert ran.code == 2
    assert "the loss `unfinished` of acme 1.2 cannot be loaded" in ran.err
    assert "`acme.absent:unfinished` gives ModuleNotFoundError: No module named 'acme.absent'" in ran.err


def test_a_name_that_two_packages_add_is_refused(losscli, again, pair):
    ran = losscli("eval", *pair, "-l", "cubed_error", env=again).block()
    assert (ran.code, "acme 1.2 and other 1.0 both add the loss `cubed_error`" in ran.err) == (2, True)
    assert losscli("eval", *pair, "-l", "mse", env=again).code == 0


@pytest.mark.parametrize(
    "group, words, wanted",
    [
        (
            "losses",
            ["-l", "odd"],
            "the loss `odd` of acme 1.2 is none: `acme:__doc__` is not a function marked",
        ),
        ("sources", ["-l", "mse", "--input-format", "odd"], "the input format `odd` of acme 1.2 is none"),
        ("formats", ["-l", "mse", "-f", "odd"], "the output format `odd` of acme 1.2 is none"),
        ("engines", ["-l", "mse", "--engine", "odd"], "the engine `odd` of acme 1.2 is none"),
    ],
)
def test_an_entry_point_that_names_something_else_is_refused(
    losscli, installed, pair, tmp_path, group, words, wanted
):
    (tmp_path / "site/acme-1.2.dist-info/entry_points.txt").write_text(
        f"[losscli.{group}]\nodd = acme:__doc__\n"
    )
    ran = losscli("eval", *pair, *words, env=installed).block()
    assert ran.code == 2
    assert wanted in ran.err
