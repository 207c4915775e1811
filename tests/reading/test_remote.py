"""Inputs that a URI names, and standard input, as copies: from a server on this machine, and from memory."""

from __future__ import annotations

import http.server
import io
import socket
import threading

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli import DataError, UsageError, evaluate
from losscli.reading import ranged, remote
from losscli.text import bare_uri

FILES = {
    "/p.csv": b"pred\n1\n2\n4\n",
    "/l.csv": b"label\n1\n2\n2\n",
    "/bad.csv": b"pred\n1\nx\n4\n",
}
SENT = {
    "/to-file": "file:///etc/hostname",
    "/to-secure": "https://127.0.0.1:1/p.csv",
    "/to-host": "http://example.org/p.csv",
    "/to-data": "data:text/csv,pred",
    "/to-p.csv": "/p.csv",
}
STATUS = {"/denied.csv": 403, "/broken.csv": 500}


def compressed(data):
    import gzip

    return gzip.compress(data)


def parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, row_group_size=2)
    return out.getvalue()


FILES["/both.csv"] = b"label,pred\n" + b"1.5,2.25\n2.5,1\n" * 20
FILES["/p.csv.gz"] = compressed(FILES["/p.csv"])
FILES["/p.parquet"] = parquet(pred=[1.0, 2.0, 4.0])
FILES["/cut.csv"] = FILES["/p.csv"]


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        if place := SENT.get(path.removesuffix(".csv") if path != "/to-p.csv" else path):
            self.send_response(302)
            self.send_header("Location", place)
            self.end_headers()
        elif path in FILES:
            self.send_response(200)
            self.send_header("Content-Length", str(len(FILES[path]) + (10 if path == "/cut.csv" else 0)))
            self.end_headers()
            self.wfile.write(FILES[path])
        else:
            self.send_response(STATUS.get(path, 404))
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    for module in (remote, ranged):
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0.001)


@pytest.fixture(scope="module")
def host():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("preds", ["/p.csv", "/p.csv.gz", "/p.parquet", "/p.csv?v=1", "/to-p.csv"])
def test_a_file_behind_a_uri_is_measured_as_the_file_itself(host, preds):
    report = evaluate(host + preds, host + "/l.csv", loss=["mse"])
    assert report.metrics == {"mse": 4 / 3}


@pytest.mark.parametrize("path, said", [
    ("/none.csv", "there is no such file"), ("/denied.csv", "access was denied"), ("/broken.csv", "status 500"),
    ("/cut.csv", "it cannot be fetched"),
])  # fmt: skip
def test_what_a_server_refuses_is_said(host, path, said):
    with pytest.raises(DataError, match=said) as refused:
        evaluate(host + path, host + "/l.csv", loss=["mse"])
    assert refused.value.file == host + path


@pytest.mark.parametrize("path, scheme", [
    ("/to-file.csv", "file"), ("/to-secure.csv", "https"), ("/to-host.csv", "http"), ("/to-data.csv", "data"),
])  # fmt: skip
def test_no_redirect_leads_to_another_scheme(host, path, scheme):
    with pytest.raises(DataError, match=f"sends on to `{scheme}:`"):
        evaluate(host + path, host + "/l.csv", loss=["mse"])


def test_a_bad_row_is_named_by_the_uri_and_not_by_the_copy(host):
    with pytest.raises(DataError) as refused:
        evaluate(host + "/bad.csv?token=abc", host + "/l.csv", loss=["mse"])
    assert (refused.value.file, refused.value.row) == (host + "/bad.csv", 2)


@pytest.mark.parametrize("path", ["/none.csv", "/bad.csv", "/broken.csv", "/to-file.csv", "/none.dat"])
def test_no_secret_stands_in_a_message(host, path):
    uri = host.replace("://", "://me:secret@") + path + "?sig=hidden#hidden"
    with pytest.raises((DataError, UsageError)) as refused:
        evaluate(uri, host + "/l.csv", loss=["mse"])
    said = f"{refused.value}{refused.value.file}"
    assert not any(word in said for word in ("secret", "hidden", "me:"))


@pytest.mark.parametrize("call", [
    ["suggest", "URI"], ["suggest", "URI", "--json"], ["eval", "URI", "-l", "mse", "-f", "html"], ["check", "URI", "--max", "mse=1"],
    ["merge", "URI"], ["eval", "URI", "-l", "mse", "--baseline", "URI"], ["eval", "URI", "-o", "URI"],
    ["init", "URI"], ["eval", "URI", "URI", "URI"], ["eval", "URI", "-l", "mase:train=URI"],
    ["eval", "URI", "-l", "mse", "-p", "none", "--errors", "json"], ["merge", "URI", "--errors", "json"],
])  # fmt: skip
def test_no_command_repeats_the_secrets_of_a_uri(host, call, capfdbinary):
    from losscli.cli import main

    uri = host.replace("://", "://me:hush@") + "/both.csv?sig=hush#hush"
    main([word.replace("URI", uri) for word in call])
    out, err = capfdbinary.readouterr()
    assert out + err
    assert b"hush" not in out + err


def test_no_secret_stands_in_a_result(host):
    uri = host.replace("://", "://me:secret@") + "/p.csv?sig=hidden"
    report = evaluate(uri, host + "/l.csv", loss=["mse"])
    assert report.inputs[0].path == host + "/p.csv"
    assert "secret" not in str(report.to_json())


def test_a_host_that_refuses_is_a_data_error():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    with pytest.raises(DataError, match="cannot be reached"):
        evaluate(f"http://127.0.0.1:{port}/p.csv", loss=["mse"])


def test_a_host_that_does_not_answer_is_given_up(monkeypatch):
    assert remote.START_SECONDS < 10
    monkeypatch.setattr(remote, "START_SECONDS", 0.3)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(DataError, match="does not answer"):
            evaluate(f"http://127.0.0.1:{deaf.getsockname()[1]}/p.csv", loss=["mse"])


@pytest.mark.parametrize(
    "uri", ["ftp://host/p.csv", "file:///etc/hostname", "http://example.org/p.csv", "x://y"]
)
def test_other_schemes_are_refused(uri):
    with pytest.raises(UsageError):
        evaluate(uri, loss=["mse"])


def test_a_missing_library_is_named_with_the_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UsageError) as refused:
        evaluate("https://127.0.0.1:1/p.csv", loss=["mse"])
    assert "fsspec" in refused.value.message
    assert "losscli[remote]" in (refused.value.hint or "")


@pytest.mark.parametrize("uri, wanted", [
    ("https://u:p@h/a.csv?x=1#f", "https://h/a.csv"), ("s3://key:secret@b/a?b.csv", "s3://b/a?b.csv"),
    ("abfs://c@account.dfs.core.windows.net/a", "abfs://c@account.dfs.core.windows.net/a"),
])  # fmt: skip
def test_a_uri_is_shown_without_its_secrets(uri, wanted):
    assert bare_uri(uri) == wanted


@pytest.fixture
def bucket(monkeypatch):
    """A store with folders, in memory."""
    monkeypatch.setattr(remote, "SCHEMES", (*remote.SCHEMES, "memory"))
    monkeypatch.setitem(remote.DRIVERS, "memory", "fsspec")
    system = fsspec.filesystem("memory")
    system.store.clear()
    for part in range(3):
        system.pipe(f"/b/p/day={part}/x.csv", f"pred\n{part}\n{part}\n".encode())
        system.pipe(f"/b/l/day={part}/x.parquet", parquet(label=[1.0, 1.0]))
    system.pipe("/b/p/_SUCCESS", b"")
    return "memory://b"


def test_folders_and_globs_of_a_store_are_read_like_those_of_a_disk(bucket):
    wanted = {"mse": 2 / 3}
    assert evaluate(f"{bucket}/p", f"{bucket}/l", loss=["mse"]).metrics == wanted
    assert evaluate(f"{bucket}/p/*/x.csv", f"{bucket}/l/*/*.parquet", loss=["mse"]).metrics == wanted
    report = evaluate(f"{bucket}/p", f"{bucket}/l", loss=["mse"], by=["day"], jobs=3)
    assert [(r.slice["day"], r.value) for r in report.results if r.slice] == [
        ("0", 1.0),
        ("1", 0.0),
        ("2", 1.0),
    ]


def test_the_first_file_of_a_store_is_opened_once_however_often_the_columns_are_asked_for(
    bucket, monkeypatch
):
    opened = []

    class Noted(ranged.RemoteFile):
        def __init__(self, uri, *more, **options):
            opened.append(uri.rpartition("day=")[2])
            super().__init__(uri, *more, **options)

    monkeypatch.setattr(ranged, "RemoteFile", Noted)
    assert evaluate(
        f"{bucket}/p", f"{bucket}/l", loss=["mse"], by=["pred:bins=2", "label:bins=1"], jobs=1
    ).results
    assert {name: opened.count(name) for name in opened} == {
        "0/x.csv": 1, "1/x.csv": 2, "2/x.csv": 2, "0/x.parquet": 1, "1/x.parquet": 2, "2/x.parquet": 2,
    }  # fmt: skip


def test_an_empty_folder_of_a_store_is_refused(bucket):
    with pytest.raises(DataError, match="matches no data files"):
        evaluate(f"{bucket}/q/*.csv", f"{bucket}/l", loss=["mse"])


def test_copies_are_gone_when_the_run_is_over(host, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    evaluate(host + "/p.parquet", host + "/l.csv", loss=["mse"])
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------- standard input


def written(format, **columns):
    (name, values), out = next(iter(columns.items())), io.BytesIO()
    if format == "npy":
        np.save(out, np.array(values))
    elif format == "arrow":
        table = pa.table(columns)
        with pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
    elif format == "parquet":
        out.write(parquet(**columns))
    elif format == "jsonl":
        out.write("".join(f'{{"{name}": {value}}}\n' for value in values).encode())
    else:
        out.write("\n".join([name, *map(str, values)]).encode())
    return out.getvalue()


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet", "npy", "arrow"])
def test_standard_input_is_read_in_any_format(losscli, text, format):
    text("labels", written(format, label=[1.0, 2.0, 2.0]))
    preds = written(format, pred=[1.0, 2.0, 4.0])
    done = losscli("eval", "-", "labels", "-l", "mse", "--input-format", format, "-f", "value", input=preds)
    assert (done.code, done.out, done.err) == (0, "1.3333333333333333\n", "")


def test_a_damaged_standard_input_goes_by_that_name(losscli):
    done = losscli("eval", "-", "-l", "mse", "--input-format", "parquet", input=b"PAR1 no").block()
    assert (done.code, done.err.startswith("error: standard input: ")) == (3, True)
