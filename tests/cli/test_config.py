"""Options that do not stand on the command line: `losscli.toml`, `pyproject.toml`, the environment, `losscli init`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from losscli.cli.commands.init import template, toml_text
from losscli.cli.config import FOUND, Config, load
from losscli.cli.options import of_command
from losscli.cli.toml_lines import line_of
from losscli.errors import UsageError


@pytest.fixture
def config(text):
    return lambda *lines, name="losscli.toml": text(name, lines)


def metrics(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["metrics"]


# ── where settings come from ──


def test_the_nearest_file_sets_the_losses(here, pair, config):
    config('loss = ["mse", "huber:delta=2"]')
    assert set(metrics(here("eval", *pair, "--json"))) == {"mse", "huber:delta=2"}


def test_one_value_may_stand_without_a_list(here, pair, config):
    config('loss = "mae"')
    assert set(metrics(here("eval", *pair, "--json"))) == {"mae"}


def test_a_file_above_is_found_and_one_nearer_wins(here, pair, config, tmp_path, monkeypatch):
    config('loss = "mae"')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    pair = [os.path.join("..", "..", path) for path in pair]
    assert set(metrics(here("eval", *pair, "--json"))) == {"mae"}
    (tmp_path / "a" / "losscli.toml").write_text('loss = "mse"')
    assert set(metrics(here("eval", *pair, "--json"))) == {"mse"}


def test_a_table_of_a_project_is_read_and_losscli_toml_beside_it_wins(here, pair, config):
    config("[project]", 'name = "x"', "[tool.losscli]", 'loss = "mae"', name="pyproject.toml")
    assert set(metrics(here("eval", *pair, "--json"))) == {"mae"}
    config('loss = "mse"')
    assert set(metrics(here("eval", *pair, "--json"))) == {"mse"}


def test_a_project_that_does_not_speak_of_losscli_is_passed_over_even_if_broken(
    here, pair, tmp_path, monkeypatch
):
    (tmp_path / "losscli.toml").write_text('loss = "mae"')
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    for content in ("[broken", '[project]\ndependencies = ["losscli"]\n', ""):
        (below / "pyproject.toml").write_text(content)
        assert set(metrics(here("eval", *(f"../{path}" for path in pair), "--json"))) == {"mae"}


def test_flags_come_before_the_environment_and_the_environment_before_a_file(here, pair, config, monkeypatch):
    config('loss = "mae"')
    monkeypatch.setenv("LOSSCLI_LOSS", "mse rmse")
    assert set(metrics(here("eval", *pair, "--json"))) == {"mse", "rmse"}
    assert set(metrics(here("eval", *pair, "-l", "bias", "--json"))) == {"bias"}
    monkeypatch.delenv("LOSSCLI_LOSS")
    assert set(metrics(here("eval", *pair, "--json"))) == {"mae"}
    assert set(metrics(here("eval", *pair, "-l", "mse", "--json"))) == {"mse"}


def test_an_option_of_the_environment_is_read_like_a_flag(here, pair, monkeypatch):
    monkeypatch.setenv("LOSSCLI_JOBS", "2")
    monkeypatch.setenv("LOSSCLI_FORMAT", "value")
    assert here("eval", *pair, "-l", "mse").out == f"{10 / 3!r}\n"
    monkeypatch.setenv("LOSSCLI_JOBS", "many")
    assert here("eval", *pair, "-l", "mse").block().code == 2
    monkeypatch.setenv("LOSSCLI_JOBS", "")
    assert here("eval", *pair, "-l", "mse").code == 0


def test_a_json_flag_comes_before_the_format_of_a_file(here, pair, monkeypatch, config):
    monkeypatch.setenv("LOSSCLI_FORMAT", "csv")
    assert here("eval", *pair, "-l", "mse", "--json").out.startswith("{")


def test_config_names_a_file_and_none_is_searched_then(here, pair, config, monkeypatch):
    config('loss = "mae"')
    config('loss = "mse"', 'format = "json"', name="other.toml")
    assert set(metrics(here("eval", *pair, "--config", "other.toml"))) == {"mse"}
    assert "no `--loss`" in here("eval", *pair, "--config", os.devnull).err
    monkeypatch.setenv("LOSSCLI_CONFIG", "other.toml")
    assert set(metrics(here("eval", *pair))) == {"mse"}


def test_a_project_file_may_be_named(here, pair, config):
    config("[tool.losscli]", 'loss = "mae"', "jobs = 1", name="pyproject.toml")
    assert set(metrics(here("eval", *pair, "--config", "pyproject.toml", "--json"))) == {"mae"}
    config("[tool.other]", name="pyproject.toml")
    assert here("eval", *pair, "--config", "pyproject.toml", "-l", "mse").block().code == 2


def test_columns_and_policies_come_from_a_file(here, text, config):
    both = text("both.csv", ["a,b,y,w,c", "1,9,1,1,x", "2,9,2,1,x", ",9,3,1,z", "4,9,9,1,z"])
    config('pred = "a"', 'label = "y"', 'nan = "drop"', 'weight = "w"', "where = \"c != 'q'\"", 'by = ["c"]')
    ran = here("eval", both, "-l", "mse", "--json")
    assert ran.code == 0
    held = json.loads(ran.out)
    assert held["rows"]["dropped"] == {"missing_pred": 1}
    assert [result["slice"] for result in held["results"]] == [{}, {"c": "x"}, {"c": "z"}]
    config('pred = ["a", "b"]', 'label = "y"', 'nan = "drop"')
    assert set(metrics(here("eval", both, "-l", "mse", "--json"))) == {"mse#a", "mse#b"}


def test_help_and_other_commands_do_not_read_a_broken_file(here, config):
    config("broken")
    assert here("eval", "--help").code == 0
    assert here("losses").code == 0
    assert here("--version").code == 0


def test_a_folder_that_is_gone_has_no_settings(here, pair, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert here("eval", *(str(tmp_path / path) for path in pair), "-l", "mse").code == 0


@pytest.mark.parametrize("project", [None, '[project]\ndependencies = ["losscli"]\n[tool.other]\nx = 1'])
def test_without_settings_nothing_of_them_is_imported(losscli, pair, project):
    if project is not None:
        (losscli.folder / "pyproject.toml").write_text(project)
    code = (
        "import sys; from losscli.cli import main; code = main(sys.argv[1:]); "
        "print(code, 'losscli.cli.config' in sys.modules, 'pydantic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "eval", *pair, "-l", "mse", "-f", "value", "--max", "mse=9"],
        cwd=losscli.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0 False False", done.stderr


# ── what a file that was found may not do ──


@pytest.mark.parametrize(
    "line",
    [
        'output = "json=out.json"', 'format = "json"', "jobs = 2", "chunk_rows = 7", "quiet = true", "verbose = true",
        "no_progress = true", 'memory = "1GiB"',
    ],
)  # fmt: skip
def test_a_file_that_was_found_sets_losses_columns_policies_and_gates_only(
    here, pair, config, tmp_path, line
):
    config('loss = "mse"', line)
    ran = here("eval", *pair).block()
    assert (ran.code, ran.out) == (2, "")
    assert "losscli.toml: line 2" in ran.err
    assert "--config losscli.toml" in ran.err
    assert not (tmp_path / "out.json").exists()
    named = here("eval", *pair, "--config", "losscli.toml")
    assert named.code == 0, named.err


@pytest.mark.parametrize(
    "lines, line",
    [
        (['baseline = "s3://bucket/base.json"'], 1),
        (['loss = ["mse", "cost:matrix=https://example.org/c.csv"]'], 1),
        (["[[gates]]", 'loss = "cost:matrix=gs://b/c.csv"', "max = 1"], 2),
    ],
)
def test_a_file_that_was_found_names_no_host(here, pair, config, lines, line):
    config(*lines)
    ran = here("eval", *pair, "-l", "mse").block()
    assert ran.code == 2
    assert f"losscli.toml: line {line}: " in ran.err
    assert "is on the network" in ran.err


def test_an_address_among_the_values_of_a_column_is_only_a_text(here, text, config):
    both = text("both.csv", ["pred,label,site", "1,2,https://a.org", "2,2,https://b.org"])
    config("where = \"site == 'https://a.org'\"", 'by = "site"', "[[gates]]", 'loss = "mae"', "max = 1", 'slice = "site=https://a.org"')  # fmt: skip
    assert here("eval", both, "-l", "mae").code == 0


def test_every_option_of_eval_is_a_key_or_is_left_out_on_purpose():
    left_out = {
        "preds", "labels",  # no options
        "config", "errors", "json",  # what finds the file, what is known before it, and a spelling of `format`
        "max", "min", "max_regression",  # tables `[[gates]]`
        "rows_out", "gradient", "for_spreadsheets", "worst", "columns", "plot",  # a look at one run
        "state_out", "shard", "resume",  # what a run keeps
    }  # fmt: skip
    options = set(of_command("eval")) - left_out
    assert options == set(Config.model_fields) - {"gates"}


def test_what_a_found_file_may_set_is_neither_output_nor_work():
    assert not FOUND & {
        "output", "format", "rows_out", "state_out", "engine", "jobs", "chunk_rows", "memory", "quiet", "verbose",
    }  # fmt: skip


# ── what is wrong with a file ──


@pytest.mark.parametrize(
    "lines, line, words",
    [
        (['loss = "mse"', "", 'lable = "y"'], 3, ["`lable`", "did you mean `label`?"]),
        (['loss = "mse"', 'chunk-rows = "y"'], 2, ["`chunk-rows`", "did you mean `chunk_rows`?"]),
        (["nonsense = 1"], 1, ["`nonsense`", "the keys are"]),
        (['nan = "skip"'], 1, ["`nan`", "'drop'"]),
        (["", 'loss = ["mse", "hubber"]'], 2, ["`loss[2]`", "no loss is called `hubber`", "`huber`"]),
        (['loss = "huber:delta=-1"'], 1, ["delta=-1"]),
        (["loss = 3"], 1, ["`loss`"]),
        (["from_logits = 1"], 1, ["`from_logits`"]),
        (['from_logits = "yes"'], 1, ["`from_logits`"]),
        (["label = ['y']"], 1, ["`label`"]),
        (['loss = "mse"', "jobs = 0"], 2, ["`jobs`"]),
        (['loss = "mse"', 'jobs = "2"'], 2, ["`jobs`"]),
        (["[[gates]]", 'loss = "mse"'], 1, ["`gates[1]`", "`max`, `min` or `max_regression`"]),
        (["[[gates]]", "max = 1"], 1, ["`gates[1]` needs `loss`"]),
        (
            ["[[gates]]", 'loss = "mse"', "max = 1", "[[gates]]", 'loss = "mse"', "maxx = 1"],
            6,
            ["`maxx` in `gates[2]`", "did you mean `max`?"],
        ),
        (["[[gates]]", 'loss = "mse"', 'max = "1"'], 3, ["`gates[1].max`"]),
        (["[[gates]]", 'loss = "mse"', "max = nan"], 3, ["`gates[1].max`", "finite"]),
        (["[[gates]]", 'loss = "mse"', "min = inf"], 3, ["`gates[1].min`", "finite"]),
        (
            ["[[gates]]", 'loss = "mse"', 'max_regression = "2 percent"'],
            3,
            ["`gates[1].max_regression`", '"2%"'],
        ),
        (["[[gates]]", 'loss = "mse"', "max = 1", 'inconclusive = "maybe"'], 4, ["`gates[1].inconclusive`"]),
        (
            ["[[gates]]", 'loss = "mse"', "max = 1", 'correction = "holm"'],
            1,
            ["`gates[1]`", "`inconclusive`"],
        ),
        (["[[gates]]", 'loss = "mse"', "max = 1", "min_rows = -1"], 4, ["`gates[1].min_rows`"]),
        (["[[gates]]", 'loss = "hubber"', "max = 1"], 2, ["`gates[1].loss`", "huber"]),
        (["[gates]", 'loss = "mse"'], 1, ["`gates`"]),
        (['"loss" = "hubber"'], 1, ["huber"]),
        (["gates = [{loss = 'mse', maxx = 1}]"], 1, ["`maxx` in `gates[1]`"]),
        (["# loss = 1", 'where = """', "label = 1", '"""', "label = 1"], 5, ["`label`"]),
    ],
)
def test_what_is_wrong_is_told_with_line_and_key(here, pair, config, lines, line, words):
    config(*lines)
    ran = here("eval", *pair, "-l", "mse", "--config", "losscli.toml").block()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: losscli.toml: line {line}: "), ran.err
    for word in words:
        assert word in ran.err


def test_a_key_of_a_project_is_told_with_its_line_in_the_whole_file(here, pair, config):
    config("[project]", 'name = "x"', "[tool.losscli]", 'loss = "mse"', "[[tool.losscli.gates]]", "loss = 'mse'", "mx = 1", name="pyproject.toml")  # fmt: skip
    ran = here("eval", *pair).block()
    assert ran.code == 2
    assert "pyproject.toml: line 7: there is no key `mx` in `gates[1]`" in ran.err


@pytest.mark.parametrize("content", ["loss = ", "[[gates", "loss = 'a'\nloss = 'b'", "\x00", "= 1"])
def test_what_is_no_toml_is_exit_2(here, pair, text, content):
    text("losscli.toml", content)
    ran = here("eval", *pair, "-l", "mse").block()
    assert (ran.code, ran.out) == (2, "")
    assert "losscli.toml: is not TOML" in ran.err


def test_a_file_that_is_named_and_missing_or_unreadable_is_exit_2(here, pair, text, tmp_path):
    text("latin.toml", "label = 'ä'".encode("latin-1"))
    for path in ("absent.toml", str(tmp_path), "latin.toml"):
        assert here("eval", *pair, "-l", "mse", "--config", path).block().code == 2


def test_the_first_of_several_mistakes_is_told(here, pair, config):
    config('loss = "mse"', "a = 1", "label = 2", "b = 3")
    assert "line 2" in here("eval", *pair).err


@given(
    st.dictionaries(
        st.sampled_from(["a", "b-c", "d_1"]),
        st.integers() | st.booleans() | st.text("xyz ", max_size=5),
        min_size=1,
    )
)
def test_the_line_of_a_key_is_that_on_which_it_stands(held):
    lines = ["# a = 1", "", *(f"{key} = {json.dumps(value)}" for key, value in held.items())]
    text = "\n".join(lines)
    assert tomllib.loads(text) == held
    for at, key in enumerate(held):
        assert line_of(text, (key,)) == at + 3


def test_the_line_of_a_key_in_tables_of_tables():
    text = "[a]\nx = 1\n[[b]]\nx = 2\n[[b.c]]\nx = 3\n[[b.c]]\nx = 4\n[[b]]\nx = 5\n[[b.c]]\n  x=6\n[a.d]\nx = 7\n"
    places = {
        ("a", "x"): 2, ("b", 0, "x"): 4, ("b", 0, "c", 0, "x"): 6, ("b", 0, "c", 1, "x"): 8, ("b", 1, "x"): 10,
        ("b", 1, "c", 0, "x"): 12, ("a", "d", "x"): 14, ("absent",): None, ("b", 1, "absent"): 9,
    }  # fmt: skip
    assert {keys: line_of(text, keys) for keys in places} == places


# ── gates of a file ──


def gates(ran):
    held = json.loads(ran.out)["gate"]
    return [(one["loss"], one["kind"], one["limit"], one["slice"], one["passed"]) for one in held["limits"]]


def test_gates_of_a_file_are_applied_and_their_losses_measured(here, pair, config):
    config("[[gates]]", 'loss = "mse"', "max = 4", "min = 1", "[[gates]]", 'loss = "mae"', "max = 1.25")
    ran = here("eval", *pair, "--json")
    assert ran.code == 1
    assert gates(ran) == [
        ("mse", "max", 4.0, {}, True), ("mse", "min", 1.0, {}, True), ("mae", "max", 1.25, {}, False),
    ]  # fmt: skip


def test_a_flag_stands_in_place_of_the_limit_of_a_file_on_the_same_loss(here, pair, config):
    config("[[gates]]", 'loss = "mean_squared_error"', "max = 3", "min = 2")
    assert here("eval", *pair).code == 1
    ran = here("eval", *pair, "--max", "mse=5", "--json")
    assert ran.code == 0
    assert gates(ran) == [("mse", "max", 5.0, {}, True), ("mse", "min", 2.0, {}, True)]


def test_a_flag_leaves_the_limits_on_slices_as_they_are(here, text, config):
    both = text("both.csv", ["pred,label,c", "1,1,x", "2,4,y"])
    config('by = "c"', "[[gates]]", 'loss = "mse"', "max = 3", 'slice = "c=y"')
    ran = here("eval", both, "--max", "mse=2", "--json")
    assert ran.code == 1
    assert gates(ran) == [("mse", "max", 2.0, {}, True), ("mse", "max", 3.0, {"c": "y"}, False)]


def test_gates_on_slices_with_enough_rows(here, text, config):
    both = text("both.csv", ["pred,label,c,d", "1,1,x,q", "2,4,x,q", "3,9,y,q"])
    config(
        'by = ["c", "c+d"]', "[[gates]]", 'loss = "mse"', "max = 2", 'slice = "c=*"', "[[gates]]", 'loss = "mse"',
        "max = 99", 'slice = "c=y+d=q"', "min_rows = 2",
    )  # fmt: skip
    ran = here("eval", both, "--pred", "pred", "--json")
    assert ran.code == 1
    assert gates(ran) == [
        ("mse", "max", 2.0, {"c": "x"}, True), ("mse", "max", 2.0, {"c": "y"}, False),
        ("mse", "max", 99.0, {"c": "y", "d": "q"}, False),
    ]  # fmt: skip


def test_the_baseline_of_a_file_lies_beside_it(here, pair, config, tmp_path, monkeypatch):
    assert here("eval", *pair, "-l", "mse", "-o", "base.json").code == 0
    config('baseline = "base.json"', "[[gates]]", 'loss = "mse"', 'max_regression = "0%"')
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    ran = here("eval", *(f"../{path}" for path in pair), "--json")
    assert ran.code == 0, ran.err
    assert gates(ran) == [("mse", "max_regression", "0%", {}, True)]


def test_a_regression_gate_of_a_file_without_a_baseline_fails(here, pair, config):
    config("[[gates]]", 'loss = "mse"', "max_regression = 1")
    ran = here("eval", *pair, "--json")
    assert ran.code == 1
    assert "no baseline was given" in ran.err


def test_a_named_and_a_found_file_read_alike(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config('loss = "mse"', "[[gates]]", 'loss = "mae"', "max = 1")
    assert (
        load("losscli.toml", named=True).options
        == load(str(tmp_path / "losscli.toml"), named=False).options
        == {"loss": ["mse"]}
    )
    config('loss = "mse"', "jobs = 3")
    assert load("losscli.toml", named=True).options == {"loss": ["mse"], "jobs": 3}
    with pytest.raises(UsageError):
        load(str(tmp_path / "losscli.toml"), named=False)


# ── init ──


def test_init_writes_the_columns_of_a_file_and_eval_reads_them(here, text, tmp_path):
    both = text("my data.csv", ["id,y,prob,w", "1,0,0.25,1", "2,1,0.5,1"])
    ran = here("init", both)
    assert (ran.code, ran.out) == (0, "")
    held = tomllib.loads((tmp_path / "losscli.toml").read_text())
    assert held == {"pred": "prob", "label": "y"}
    assert '# weight = "w"' in (tmp_path / "losscli.toml").read_text()
    assert set(metrics(here("eval", both, "-l", "brier", "--json"))) == {"brier"}


def test_init_never_overwrites(here, text, tmp_path):
    text("losscli.toml", "# mine\n")
    ran = here("init").block()
    assert (ran.code, ran.out) == (2, "")
    assert (tmp_path / "losscli.toml").read_text() == "# mine\n"
    assert [path.name for path in tmp_path.iterdir()] == ["losscli.toml"]


def test_init_does_not_follow_a_link_that_leads_nowhere(here, tmp_path):
    (tmp_path / "losscli.toml").symlink_to(tmp_path / "elsewhere.toml")
    assert here("init").block().code == 2
    assert not (tmp_path / "elsewhere.toml").exists()


def test_init_of_a_missing_file_writes_nothing(here, tmp_path):
    assert here("init", "absent.csv").block().code == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["breast_cancer.csv", "diabetes_preds.parquet", "iris.csv", "training.csv"])
def test_init_of_the_sample_data_is_a_configuration(here, tmp_path, name):
    assert here("init", ROOT / "sample_data" / name).code == 0
    assert load(str(tmp_path / "losscli.toml"), named=True).gates == ()


@given(st.lists(st.text(min_size=1, max_size=8), max_size=6), st.text(max_size=8))
def test_no_column_name_breaks_out_of_the_text_that_init_writes(columns, file):
    held = tomllib.loads(template(["label", "pred", *columns], file, None))
    assert set(held) <= {"label", "pred"}
    assert tomllib.loads(template(columns, file, file)).get("dialect", file) == file


@given(st.text())
def test_a_text_as_toml_reads_back(text):
    assert tomllib.loads(f"x = {toml_text(text)}") == {"x": text}


def test_every_commented_line_of_the_template_is_a_setting(tmp_path):
    lines = template([], None, None).splitlines()
    wanted = [
        line[2:] for line in lines if line.startswith("# ") and (" = " in line or line == "# [[gates]]")
    ]
    body = [
        line.replace("   (above the first [[gates]])", "")
        for line in wanted
        if not line.startswith("environment")
    ]
    top = [line for line in body if line.startswith("baseline")]
    (tmp_path / "all.toml").write_text("\n".join([*top, *(line for line in body if line not in top)]))
    settings = load(str(tmp_path / "all.toml"), named=True)
    assert len(settings.gates) == 3
    assert {"loss", "pred", "label", "weight", "nan", "baseline"} <= set(settings.options)
