"""`--output`: files that appear whole or not at all; and standard output that cannot be written."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time

import pytest

FULL = "/dev/full"


@pytest.fixture
def left(tmp_path):
    """The names in the test's folder, but for those of the inputs."""
    return lambda: sorted({path.name for path in tmp_path.iterdir()} - {"preds.csv", "labels.csv"})


@pytest.fixture
def measure(here, pair):
    return lambda *args: here("eval", *pair, "-l", "mse", *args)


def test_a_file_holds_what_its_suffix_says_beside_what_goes_to_standard_output(measure, tmp_path):
    alone = measure("-f", "value")
    ran = measure("-f", "value", "-o", "a.json", "-o", "b.csv", "-o", "c.md", "-o", "d.txt", "-o", "e.jsonl")
    assert ran == alone
    assert json.loads((tmp_path / "a.json").read_text())["metrics"] == {"mse": 10 / 3}
    (row,) = csv.DictReader((tmp_path / "b.csv").read_text().splitlines())
    assert float(row["value"]) == 10 / 3
    assert "| mse |" in (tmp_path / "c.md").read_text()
    assert (tmp_path / "d.txt").read_text() == alone.out
    assert json.loads((tmp_path / "e.jsonl").read_text())["value"] == 10 / 3


def test_a_format_may_be_named_whatever_the_suffix(measure, tmp_path):
    measure("-o", "csv=FILE", "-o", "json=b.csv", "-o", "value=a=b")
    assert (tmp_path / "FILE").read_text().startswith("loss,")
    assert json.loads((tmp_path / "b.csv").read_text())
    assert float((tmp_path / "a=b").read_text()) == 10 / 3


def test_the_suffix_counts_in_any_case(measure, tmp_path):
    assert measure("-o", "A.JSON").code == 0
    assert json.loads((tmp_path / "A.JSON").read_text())


@pytest.mark.parametrize("name", ["out.xyz", "out", "yaml=out.x", "csv=", ""])
def test_an_output_whose_format_or_name_is_unknown_is_exit_2_before_reading(here, left, name):
    ran = here("eval", "absent.csv", "-l", "mse", "-o", name).block()
    assert (ran.code, left()) == (2, [])


def test_a_file_asked_for_twice_is_a_wrong_call(measure, left):
    assert measure("-o", "a.json", "-o", "csv=./a.json").block().code == 2
    assert left() == []


def test_an_output_that_is_an_input_is_refused_before_reading(here, text, tmp_path):
    path = text("both.csv", "no csv at all \x00")
    os.link(tmp_path / path, tmp_path / "hard.csv")
    os.symlink(tmp_path / path, tmp_path / "soft.csv")
    for name in (path, "hard.csv", "soft.csv", str(tmp_path / path)):
        ran = here("eval", path, "-l", "mse", "-o", name).block()
        assert ran.code == 2
        assert name in ran.err
    assert (tmp_path / path).read_text() == "no csv at all \x00"


def test_an_output_that_is_standard_input_is_refused(losscli, text, tmp_path):
    path = text("both.csv", ["pred,label", "1,2"])
    ran = losscli.shell(f'"$@" < {path}', "eval", "-", "-l", "mse", "-o", path).block()
    assert ran.code == 2
    assert (tmp_path / path).read_text() == "pred,label\n1,2\n"


@pytest.mark.parametrize("name", ["absent/out.json", "preds.csv/out.json", "folder.json", "/proc/out.json"])
def test_what_cannot_be_written_is_found_out_before_reading(here, pair, left, tmp_path, name):
    (tmp_path / "folder.json").mkdir()
    for inputs in (pair, ["absent.csv"]):  # an unread input shows that nothing was read
        ran = here("eval", *inputs, "-l", "mse", "-o", "first.json", "-o", name).block()
        assert (ran.code, ran.out) == (74, "")
        assert ran.err.startswith(f"error: {name}: ")
        assert left() == ["folder.json"]


def test_a_read_only_folder_is_found_out_before_reading(here, tmp_path, left, monkeypatch):
    # Permissions do not bind the superuser, so the refusal of the system is played.
    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    ran = here("eval", "absent.csv", "-l", "mse", "-o", "out.json").block()
    monkeypatch.undo()
    assert ran.code == 74
    assert "out.json: cannot be written: permission denied" in ran.err
    assert left() == []


@pytest.mark.parametrize("args", [["-l", "r2d2"], ["-l", "mse", "--label", "pred2"], ["-l", "log_loss"]])
def test_a_run_that_fails_leaves_no_file_and_an_old_one_as_it_was(here, pair, left, tmp_path, args):
    (tmp_path / "old.json").write_text("old")
    assert here("eval", *pair, *args, "-o", "new.json", "-o", "old.json").code in (2, 3)
    assert left() == ["old.json"]
    assert (tmp_path / "old.json").read_text() == "old"


def test_no_file_is_written_where_one_of_them_cannot_be_rendered(here, pair, left):
    ran = here("eval", *pair, "-l", "mse", "-l", "mae", "-o", "a.json", "-o", "b.txt").block()
    assert (ran.code, ran.out, left()) == (2, "", [])


def test_an_old_file_keeps_its_permissions_and_a_new_one_has_those_of_the_mask(measure, tmp_path):
    (tmp_path / "old.json").write_text("old")
    (tmp_path / "old.json").chmod(0o640)
    mask = os.umask(0o027)
    try:
        assert measure("-o", "old.json", "-o", "new.json").code == 0
    finally:
        os.umask(mask)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("old.json", "new.json")]
    assert modes == [0o640, 0o640]
    assert json.loads((tmp_path / "old.json").read_text())


def test_a_link_is_followed_and_stays_a_link(measure, tmp_path):
    (tmp_path / "below").mkdir()
    os.symlink("below/real.json", tmp_path / "link.json")
    assert measure("-o", "link.json").code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "below" / "real.json").read_text())
    assert os.listdir(tmp_path / "below") == ["real.json"]


def test_a_device_is_written_into_and_not_replaced(measure):
    ran = measure("-o", f"json={FULL}").block()
    assert ran.code == 74
    assert FULL in ran.err
    assert "no space left" in ran.err
    assert stat.S_ISCHR(os.stat(FULL).st_mode)
    assert measure("-o", "json=/dev/null").code == 0


def test_a_disk_that_fills_up_leaves_the_old_file_and_no_temporary(measure, tmp_path, left, monkeypatch):
    (tmp_path / "old.json").write_text("old")

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    ran = measure("-o", "old.json").block()
    assert ran.code == 74
    assert "old.json" in ran.err
    assert left() == ["old.json"]
    assert (tmp_path / "old.json").read_text() == "old"


def test_a_file_that_exceeds_the_size_allowed_is_exit_74(losscli, pair, left):
    ran = losscli.shell(
        'ulimit -f 0; trap "" XFSZ; "$@"', "eval", *pair, "-l", "mse", "-o", "out.json"
    ).block()
    assert ran.code == 74
    assert left() == []


# ── standard output ──

CALLS = [
    ["eval", "preds.csv", "labels.csv", "-l", "mse"],
    ["losses"],
    ["losses", "mse"],
    ["--help"],
    ["--version"],
]


@pytest.mark.parametrize("args", CALLS, ids=" ".join)
def test_a_full_standard_output_is_exit_74_and_said(losscli, pair, args):
    with open(FULL, "wb") as full:
        ran = losscli(*args, stdout=full).block()
    assert ran.code == 74
    assert "no space left" in ran.err


@pytest.mark.parametrize("args", CALLS, ids=" ".join)
def test_a_closed_standard_output_is_exit_74_and_said(losscli, pair, args):
    ran = losscli.shell('"$@" >&-', *args).block()
    assert ran.code == 74
    assert "closed" in ran.err


def test_a_closed_standard_output_does_not_lend_its_number_to_a_file(losscli, pair, left):
    ran = losscli.shell('"$@" >&-', "eval", *pair, "-l", "mse", "-o", "out.json")
    assert (ran.code, left()) == (74, [])


def test_a_closed_standard_error_does_not_change_the_result(losscli, pair):
    ran = losscli.shell('"$@" 2>&-', "eval", *pair, "-l", "mse", "-f", "value", "-v")
    assert (ran.code, float(ran.out)) == (0, 10 / 3)
    assert losscli.shell('"$@" 2>&-', "eval", *pair, "-l", "hubber").code == 2
    with open(FULL, "wb") as full:
        losscli.folder.joinpath("x").touch()
        process = losscli.start("eval", *pair, "-l", "hubber", stderr=full)
        process.communicate(timeout=60)
    assert process.returncode == 2


def test_a_closed_standard_input_is_said(losscli):
    ran = losscli.shell('"$@" <&-', "eval", "-", "-l", "mse").block()
    assert ran.code == 3


@pytest.mark.parametrize(
    "args", [*CALLS, ["eval", "--help"], ["losses", "--json"], ["losses", "--help"]], ids=" ".join
)
def test_a_reader_that_went_away_is_no_error(losscli, pair, args):
    read, write = os.pipe()
    os.close(read)
    process = losscli.start(*args, stdout=write)
    os.close(write)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 141)
    assert err == b""


def test_a_reader_that_goes_away_later_loses_no_file(losscli, pair, tmp_path):
    ran = losscli.shell('"$@" | head -0', "eval", *pair, "-l", "mse", "-o", "out.json")
    assert (ran.out, ran.err) == ("", "")
    assert json.loads((tmp_path / "out.json").read_text())


# ── killed while writing ──

WRITES = """
import sys
from losscli.report.writing import write_file
print("ready", flush=True)
while True:
    for letter in b"ab":
        write_file(sys.argv[1], bytes([letter]) * 2_000_000)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_file_is_whole_whenever_the_writing_is_killed(tmp_path, number):
    path = tmp_path / "out.json"
    moments = random.Random(20)
    for _ in range(15):
        process = subprocess.Popen([sys.executable, "-c", WRITES, str(path)], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.05))
        process.send_signal(number)
        process.communicate(timeout=60)
        content = path.read_bytes() if path.exists() else b""
        assert (len(content), len(set(content))) in ((0, 0), (2_000_000, 1))


def test_a_command_killed_at_any_moment_leaves_the_old_file_or_the_new(losscli, pair, tmp_path):
    moments = random.Random(21)
    path = tmp_path / "out.json"
    for _ in range(20):
        path.write_text("old")
        process = losscli.start("eval", *pair, "-l", "mse", "-o", "out.json")
        time.sleep(moments.uniform(0.1, 0.5))
        process.kill()
        process.communicate()
        content = path.read_text()
        assert content == "old" or json.loads(content)["metrics"] == {"mse": 10 / 3}
    assert losscli("eval", *pair, "-l", "mse", "-o", "out.json").code == 0
    assert json.loads(path.read_text())
