"""A small S3 for tests: one bucket in memory, spoken to as the API's reference says. Signatures must be there and are not
checked. https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class S3(ThreadingHTTPServer):
    """`objects`: what lies in the bucket, by key. `asked`: the method and operation of each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: S3

    def log_message(self, *told: object) -> None:
        """Nothing."""

    def _read(self) -> tuple[str, dict[str, str], bytes]:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        key = unquote(parts.path).lstrip("/").partition("/")[2]
        self.server.asked.append(f"{self.command} {'/'.join(sorted(set(query) & {'uploads', 'uploadId', 'delete'}))}".strip())
        return key, query, self.rfile.read(int(self.headers.get("content-length", 0)))

    def _say(self, status: int, body: bytes = b"", **headers: str) -> None:
        if not self.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256"):
            status, body = 403, b"<Error><Code>AccessDenied</Code></Error>"
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self) -> None:
        key, query, body = self._read()
        if "uploadId" in query:
            self.server.uploads[query["uploadId"]][int(query["partNumber"])] = body
        else:
            self.server.objects[key] = body
        self._say(200, ETag=_etag(body))

    def do_POST(self) -> None:
        key, query, body = self._read()
        if "uploads" in query:
            upload = f"upload{len(self.server.uploads)}"
            self.server.uploads[upload] = {}
            self._say(200, _xml("InitiateMultipartUploadResult", UploadId=upload))
        elif "uploadId" in query:
            parts = self.server.uploads.pop(query["uploadId"])
            self.server.objects[key] = b"".join(parts[n] for n in sorted(parts))
            self._say(200, _xml("CompleteMultipartUploadResult", ETag=_etag(self.server.objects[key])))
        else:
            gone = re.findall(r"<Key>(.*?)</Key>", body.decode())
            for key in gone:
                self.server.objects.pop(key, None)
            told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in gone)
            self._say(200, f"<DeleteResult>{told}</DeleteResult>".encode())

    def do_GET(self) -> None:
        key, query, _ = self._read()
        if not key:
            self._say(200, self._listed(query.get("prefix", "")))
        elif key not in self.server.objects:
            self._say(404, _xml("Error", Code="NoSuchKey"))
        else:
            body = self.server.objects[key]
            self._say(200, body, ETag=_etag(body), Last_Modified="Mon, 02 Mar 2026 09:00:00 GMT")

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        key, _, _ = self._read()
        self.server.objects.pop(key, None)
        self._say(204)

    def _listed(self, prefix: str) -> bytes:
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size><ETag>{_etag(body)}</ETag>"
            "<LastModified>2026-03-02T09:00:00.000Z</LastModified></Contents>"
            for key, body in sorted(self.server.objects.items())
            if key.startswith(prefix)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()


def _xml(root: str, **fields: str) -> bytes:
    return f"<{root}>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in fields.items())}</{root}>".encode()


def _etag(body: bytes) -> str:
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'


@contextmanager
def serving() -> Iterator[S3]:
    server = S3()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
