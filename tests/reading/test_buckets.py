"""Buckets and hosts that cut files: what is asked of them, and what happens when they fail."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bucket import BUCKET, moto_store

from losscli import DataError, UsageError, evaluate
from losscli.pairing import position
from losscli.reading import parquet as parquet_module
from losscli.reading import ranged, remote

GROUPS, GROUP_ROWS = 6, 20_000
ROWS = GROUPS * GROUP_ROWS
SECRET = "wJalrXUtnFEMI"
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


@pytest.fixture(scope="module")
def server():
    with moto_store() as store, pytest.MonkeyPatch.context() as environment:
        for name, value in AWS.items():
            environment.setenv(name, value)
        # As AWS's own tools are told where a store is.
        environment.setenv("AWS_ENDPOINT_URL", store.proxy.url)
        yield store


@pytest.fixture
def store(server, monkeypatch):
    monkeypatch.setattr(ranged, "PAUSE_SECONDS", 0.001)
    server.proxy.restore()
    return server


@pytest.fixture
def unknown(store):
    """The environment will say something else than what fsspec has kept of it."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    yield store
    s3fs.S3FileSystem.clear_instance_cache()


def parquet(rows_a_group=100_000, **columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, row_group_size=rows_a_group, use_dictionary=False)
    return out.getvalue()


def noise(rows, seed=0):
    return np.random.default_rng(seed).normal(size=rows)


@pytest.fixture(scope="module")
def wide(server, tmp_path_factory):
    """A file of two columns that are used and four that are not, in six row groups: its size, and the value of mse."""
    label, pred = noise(ROWS), noise(ROWS, 1)
    others = {f"x{at}": noise(ROWS, at + 2) for at in range(4)}
    data = parquet(GROUP_ROWS, label=label, pred=pred, **others)
    server.put("wide.parquet", data)
    here = tmp_path_factory.mktemp("wide") / "wide.parquet"
    here.write_bytes(data)
    return len(data), evaluate(str(here), loss=["mse"]).metrics["mse"]


@pytest.fixture
def small_parts(monkeypatch):
    """Each row group of the wide file is a part, as in files of millions of rows."""
    monkeypatch.setattr(parquet_module, "PART_ROWS", GROUP_ROWS)
    monkeypatch.setattr(position, "SEGMENT_ROWS", GROUP_ROWS)


@pytest.fixture(params=["s3", "http"])
def uri_of(request, store):
    """The URI of an object, in both ways."""
    start = f"s3://{BUCKET}/" if request.param == "s3" else f"{store.proxy.url}/{BUCKET}/"
    return lambda key: start + key


# ---------------------------------------------------------------------- what is fetched


@pytest.mark.parametrize("jobs", [1, 3])
def test_of_a_parquet_file_only_the_columns_that_are_used_are_fetched(uri_of, store, wide, small_parts, jobs):
    size, value = wide
    assert evaluate(uri_of("wide.parquet"), loss=["mse"], jobs=jobs).metrics == {"mse": value}
    asked = store.read("wide.parquet")
    assert (
        len(asked) == 1 + GROUPS
    )  # the footer, and of each row group both columns, which stand side by side
    assert all(request.method == "GET" and request.range for request in asked)
    assert sum(request.bytes for request in asked) < size * 2 / 6 + 2 * ranged.EDGE_BYTES


def test_a_column_that_is_read_before_all_others_is_fetched_alone(uri_of, store, wide, small_parts):
    size, _ = wide
    evaluate(uri_of("wide.parquet"), loss=["mse"], by=["x0:bins=2"])
    fetched = sum(request.bytes for request in store.read("wide.parquet"))
    assert fetched < size * 4 / 6 + 2 * ranged.EDGE_BYTES  # x0, and then label, pred and x0


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_next_parts_are_fetched_ahead_and_never_more_than_the_jobs_allow(
    store, wide, small_parts, jobs, monkeypatch
):
    store.proxy.seconds = 0.05
    evaluate(f"s3://{BUCKET}/wide.parquet", loss=["mse"], jobs=jobs)
    assert 1 < store.proxy.most <= 4 * jobs
    store.proxy.restore()
    monkeypatch.setattr(ranged.Ahead, "of", lambda jobs, memory: ranged.Ahead(1, 0))
    evaluate(f"s3://{BUCKET}/wide.parquet", loss=["mse"], jobs=jobs)
    assert store.proxy.most == 1


def test_no_more_is_fetched_ahead_than_the_memory_allows(store, wide, small_parts, monkeypatch):
    size, _ = wide
    group = size * 2 / 6 / GROUPS
    monkeypatch.setattr(ranged.Ahead, "of", lambda jobs, memory: ranged.Ahead(8, int(1.5 * group)))
    store.proxy.seconds = 0.05
    evaluate(f"s3://{BUCKET}/wide.parquet", loss=["mse"], jobs=1)
    assert store.proxy.most <= 2  # the part whose turn it is, and one more


def test_a_csv_file_is_measured_while_it_is_fetched(uri_of, store, monkeypatch):
    monkeypatch.setattr(ranged, "PIECE_BYTES", 1 << 16)
    text = "label,pred\n" + "".join(f"{at},{at + 1}\n" for at in range(60_000))
    store.put("long.csv", text.encode())
    store.put("long.csv.gz", gzip.compress(text.encode(), 1))
    for key in ("long.csv", "long.csv.gz"):
        store.proxy.restore()
        assert evaluate(uri_of(key), loss=["mse"]).metrics == {"mse": 1.0}
        asked = store.read(key)
        ranges = [request.range for request in asked]
        assert len(set(ranges)) == len(ranges) > 3  # piece by piece, and no piece twice: the header neither
        assert all(request.bytes <= 1 << 16 for request in asked)


def test_no_copy_of_a_streamed_file_is_made(store, monkeypatch):
    from losscli.reading.spooled import SpoolFile

    monkeypatch.setattr(SpoolFile, "__init__", None)
    uri = store.put("p.csv", b"label,pred\n1,2\n")
    assert evaluate(uri, loss=["mse"]).metrics == {"mse": 1.0}


@pytest.mark.parametrize("suffix", ["jsonl", "arrow", "npy", "csv.gz", "parquet"])
def test_every_format_is_read_from_a_bucket(store, tmp_path, suffix):
    values = [1.0, 2.0, 4.0]
    out = io.BytesIO()
    if suffix == "npy":
        np.save(out, np.array(values))
    elif suffix == "arrow":
        with pa.ipc.new_file(out, pa.schema([("pred", pa.float64())])) as writer:
            writer.write_table(pa.table({"pred": values}))
    elif suffix == "jsonl":
        out.write(b"".join(b'{"pred": %f}\n' % value for value in values))
    elif suffix == "csv.gz":
        out.write(gzip.compress(b"pred\n1\n2\n4\n"))
    else:
        out.write(parquet(2, pred=values))
    preds = store.put(f"p.{suffix}", out.getvalue())
    labels = store.put("l.csv", b"label\n1\n2\n2\n")
    assert evaluate(preds, labels, loss=["mse"]).metrics == {"mse": 4 / 3}


def test_folders_and_globs_and_hive_partitions_of_a_bucket_are_read_as_those_of_a_disk(store):
    for day in range(3):
        store.put(f"days/day={day}/part.parquet", parquet(2, label=[0.0, 0.0, 0.0], pred=[float(day)] * 3))
    store.put("days/_SUCCESS", b"")
    store.put("days/day=0/notes.md", b"")
    for uri in (f"s3://{BUCKET}/days", f"s3://{BUCKET}/days/", f"s3://{BUCKET}/days/*/*.parquet"):
        report = evaluate(uri, loss=["mse"], by=["day"])
        values = {result.slice.get("day"): result.value for result in report.results}
        assert values == {None: 5 / 3, "0": 0.0, "1": 1.0, "2": 4.0}
        assert report.inputs[0].path == uri


def test_the_next_files_of_a_folder_are_opened_while_one_is_read(store):
    for part in range(6):
        store.put(f"six/{part}.csv", b"label,pred\n1,2\n")
    store.proxy.seconds = 0.05
    assert evaluate(f"s3://{BUCKET}/six", loss=["mse"], jobs=1).metrics == {"mse": 1.0}
    assert 1 < store.proxy.most <= 4
    assert all(len(store.read(f"six/{part}.csv")) == 1 for part in range(6))


def test_a_file_of_a_folder_that_cannot_be_opened_is_named(store):
    for part in range(6):
        store.put(f"bad/{part}.parquet", parquet(label=[1.0], pred=[2.0]) if part != 4 else b"PAR1 no")
    with pytest.raises(DataError, match="no Parquet file") as refused:
        evaluate(f"s3://{BUCKET}/bad", loss=["mse"], jobs=1)
    assert refused.value.file == f"s3://{BUCKET}/bad/4.parquet"


def test_an_empty_file_is_refused_as_one_on_a_disk(uri_of, store):
    store.put("empty.csv", b"")
    store.put("empty.parquet", b"")
    for key in ("empty.csv", "empty.parquet"):
        with pytest.raises(DataError, match="empty"):
            evaluate(uri_of(key), loss=["mse"])


# ---------------------------------------------------------------------- connections that break


@pytest.mark.parametrize("key", ["wide.parquet", "wide.csv"])
@pytest.mark.parametrize("after", [0, 1, 30_000])
def test_a_connection_that_breaks_is_taken_up_where_it_broke(uri_of, store, wide, key, after, small_parts):
    if key == "wide.csv":
        store.put(key, b"label,pred\n" + b"1.5,2.25\n" * 30_000)
    whole = evaluate(uri_of(key), loss=["mse"]).metrics
    fetched = sum(request.bytes for request in store.read(key))
    store.proxy.restore()
    store.proxy.cuts, store.proxy.cut_after = 3, after
    assert evaluate(uri_of(key), loss=["mse"]).metrics == whole
    assert store.proxy.cuts == 0
    assert sum(request.bytes for request in store.read(key)) == fetched  # no byte came twice


def test_a_connection_that_breaks_for_ever_is_an_error_that_says_so(uri_of, store, wide):
    store.proxy.cuts, store.proxy.cut_after = 1000, 100
    with pytest.raises(DataError, match="broke again and again") as refused:
        evaluate(uri_of("wide.parquet"), loss=["mse"])
    assert refused.value.file == uri_of("wide.parquet")
    assert len(store.read("wide.parquet")) == remote.ATTEMPTS


def test_a_host_that_is_busy_is_asked_again(uri_of, store, wide):
    store.proxy.statuses = [503, 503]
    assert evaluate(uri_of("wide.parquet"), loss=["mse"]).metrics == {"mse": wide[1]}


def test_a_file_that_changes_while_it_is_read_is_refused(uri_of, store, small_parts):
    store.put("new.parquet", parquet(GROUP_ROWS, label=noise(ROWS), pred=noise(ROWS, 1)))

    def replaced(path, span):
        if span and not span.startswith("bytes=-"):
            store.proxy.before = lambda path, span: None
            store.put("new.parquet", parquet(GROUP_ROWS, label=noise(ROWS), pred=noise(ROWS, 2)))

    store.proxy.before = replaced
    with pytest.raises(DataError, match="changed while it was read"):
        evaluate(uri_of("new.parquet"), loss=["mse"])


# ---------------------------------------------------------------------- what a store refuses


def test_a_missing_object_and_a_missing_bucket_are_named(store):
    store.put("p.csv", b"label,pred\n1,2\n")
    for uri, said in (
        (f"s3://{BUCKET}/none.csv", "there is no such file"),
        (f"s3://{BUCKET}/none.parquet", "there is no such file"),
        (f"s3://{BUCKET}/none/*.csv", "the pattern matches no data files"),
        ("s3://nowhere/p.csv", "there is no such bucket"),
        ("s3://nowhere/p.parquet", "there is no such bucket"),
    ):
        with pytest.raises(DataError, match=said) as refused:
            evaluate(uri, loss=["mse"])
        assert refused.value.file == uri


@pytest.fixture
def locked(store):
    """The store asks for credentials, and knows nobody."""
    store.call("POST", "/moto-api/reset-auth", b"0")
    yield store
    store.call("POST", "/moto-api/reset-auth", b"inf")


@pytest.mark.parametrize("path", ["p.csv", "p.parquet", "folder", "*.csv"])
def test_wrong_credentials_are_refused(locked, path):
    with pytest.raises(DataError, match="access was denied") as refused:
        evaluate(f"s3://{BUCKET}/{path}", loss=["mse"])
    assert refused.value.file == f"s3://{BUCKET}/{path}"


def test_an_error_of_a_store_is_one_block_without_credentials_and_exit_3(locked, losscli):
    done = losscli("eval", f"s3://{BUCKET}/p.csv", "-l", "mse").block()
    assert done.code == 3
    assert done.err.startswith(f"error: s3://{BUCKET}/p.csv: access was denied\n")
    assert not any(value in done.err for value in (SECRET, AWS["AWS_ACCESS_KEY_ID"]))


@pytest.mark.parametrize("path", ["p.csv", "folder"])
def test_no_credentials_are_an_error_that_says_where_they_are_looked_for(unknown, monkeypatch, path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(DataError, match="access was denied") as refused:
        evaluate(f"s3://{BUCKET}/{path}", loss=["mse"])
    assert "service's own tools" in refused.value.hint


@pytest.mark.parametrize("uri", ["s3://key:hidden@store/p.csv", "gs://key:hidden@store/p.csv"])
def test_credentials_in_the_uri_of_a_bucket_are_refused_and_not_repeated(uri):
    with pytest.raises(UsageError, match="do not belong in a URI") as refused:
        evaluate(uri, loss=["mse"])
    assert "hidden" not in str(refused.value)


def test_a_store_that_cannot_be_reached_is_an_error_within_seconds(unknown, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(DataError, match="cannot be reached"):
        evaluate(f"s3://{BUCKET}/p.csv", loss=["mse"])
