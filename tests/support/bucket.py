"""A store on this machine that speaks S3 (moto's server), seen through a proxy that counts, delays and breaks."""

from __future__ import annotations

import http.client
import http.server
import threading
import time
from contextlib import contextmanager
from typing import NamedTuple

BUCKET = "store"
PIECE = 1 << 14


class Request(NamedTuple):
    """A request for an object that the proxy has passed on."""

    method: str
    path: str
    range: str | None
    bytes: int  # of the answer's body, as far as it was passed on


class Proxy(http.server.ThreadingHTTPServer):
    """Passes requests to a server on this machine."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Passed)
        self.behind = port
        self.lock = threading.Lock()
        self.restore()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def restore(self):
        self.requests = []
        self.seconds = 0.0  # before an answer
        self.cuts, self.cut_after = 0, 0  # so many answers end after so many bytes
        self.statuses = []  # of the next answers, in place of the true ones
        self.before = lambda path, span: None  # called before a request is passed on
        self.running = self.most = 0  # requests at a time

    def handle_error(self, request, address):
        """A client that goes away is none of its business."""


class Passed(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def do_GET(self):
        proxy, span = self.server, self.headers.get("Range")
        with proxy.lock:
            proxy.running += 1
            proxy.most = max(proxy.most, proxy.running)
            status = proxy.statuses.pop(0) if proxy.statuses else None
        time.sleep(proxy.seconds)
        proxy.before(self.path, span)
        if status is None:
            self.pass_on(span)
        else:
            self.answered()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def answered(self):
        with self.server.lock:
            self.server.running -= 1  # before the client has the answer, and may ask again

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

    def pass_on(self, span):
        proxy = self.server
        behind = http.client.HTTPConnection("127.0.0.1", proxy.behind)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        behind.request(self.command, self.path, body, dict(self.headers.items()))
        answer = behind.getresponse()
        data = answer.read()
        behind.close()
        self.answered()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(data)))
        self.end_headers()
        with proxy.lock:
            cut = proxy.cuts > 0 and len(data) > proxy.cut_after
            proxy.cuts -= cut
            sent = data[: proxy.cut_after] if cut else data
            proxy.requests.append(Request(self.command, self.path.partition("?")[0], span, len(sent)))
        self.wfile.write(sent)
        if cut:
            self.close_connection = True

    def log_message(self, *words):
        pass


class Store:
    """An S3 server with one bucket, and the proxy before it."""

    def __init__(self, port):
        self.port = port
        self.proxy = Proxy(port)
        self.call("PUT", f"/{BUCKET}")

    def call(self, method, path, body=b""):
        """A request that does not pass through the proxy."""
        straight = http.client.HTTPConnection("127.0.0.1", self.port)
        straight.request(method, path, body, {"x-amz-acl": "public-read"})
        answer = straight.getresponse()
        answer.read()
        straight.close()
        assert answer.status < 300, (method, path, answer.status)

    def put(self, key, data):
        """The URI of a new object."""
        self.call("PUT", f"/{BUCKET}/{key}", data)
        return f"s3://{BUCKET}/{key}"

    def read(self, key):
        """The requests for an object so far."""
        return [request for request in self.proxy.requests if request.path == f"/{BUCKET}/{key}"]


@contextmanager
def moto_store():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    store = Store(server.get_host_and_port()[1])
    try:
        yield store
    finally:
        store.proxy.shutdown()
        store.proxy.server_close()
        server.stop()
