"""Responses with broken framing: status lines, headers, lengths, chunks, encodings, early ends."""

import gzip
import itertools
import time
import zlib
from collections.abc import Callable, Iterator

from testing.servers.intercepting_proxy import RawResponse, UpstreamResponse

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


def malformed_responses() -> dict[str, Callable[[UpstreamResponse], RawResponse]]:
    """Name to a function that makes the raw response; an invalid response must never be taken for a valid one."""
    fixed = {
        "nothing": b"",
        "no status": b"[7]",
        "HTTP 0.9": b"<html>hello</html>",
        "half a status": b"HTTP/1.1 2",
        "a status that is none": b"HTTP/1.1 abc OK\r\n\r\n[7]",
        "a version that is none": b"HTTP/9.9 200 OK\r\n\r\n[7]",
        "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
        "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x46",
        "zeros": b"\0" * 100_000,
        "headers without an end": OK + b"x-a: " + b"y" * 200_000,
        "ten thousand headers": OK + b"".join(b"x-%d: y\r\n" % n for n in range(10_000)) + b"\r\n[7]",
        "a header without a colon": OK + b"nonsense\r\ncontent-length: 3\r\n\r\n[7]",
        "a header that is folded": OK + b"x-a: b\r\n c\r\ncontent-length: 2\r\n\r\n[",
        "two lengths": OK + b"content-length: 3\r\ncontent-length: 900\r\n\r\n[7]",
        "a length that is longer": OK + b"content-length: 900\r\n\r\n[7]",
        "a length that is shorter": OK + b"content-length: 1\r\n\r\n[7]",
        "a negative length": OK + b"content-length: -5\r\n\r\n[",
        "chunks of nonsense": CHUNKED + b"zz\r\n[7]\r\n0\r\n\r\n",
        "a negative chunk": CHUNKED + b"-2\r\n[7]\r\n0\r\n\r\n",
        "a giant chunk": CHUNKED + b"f" * 15 + b"\r\n[7]",
        "a chunk without an end": CHUNKED + b"2;" + b"x" * 200_000,
        "chunks that break off": CHUNKED + b"1\r\n[\r\n",
        "chunks and a length": OK + b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\nzz\r\n",
        "gzip that is none": OK + b"content-encoding: gzip\r\ncontent-length: 3\r\n\r\n[7]",
        "gzip of which half came": OK + b"content-encoding: gzip\r\n\r\n" + gzip.compress(b"[1, 2]" * 99)[:30],
        "gzip in gzip": OK + b"content-encoding: gzip\r\n\r\n" + gzip.compress(gzip.compress(b"[7]")),
        "deflate that is none": OK + b"content-encoding: deflate\r\n\r\n" + zlib.compress(b"[7]")[2:5],
        "UTF-16": OK + b"\r\n" + "[7]".encode("utf-16"),
        "a byte order mark": OK + b"\r\n\xef\xbb\xbf[7]",
        "no UTF-8": OK + b'\r\n[{"id": "\xff\xfe"}]',
        "a redirect to itself": b"HTTP/1.1 302 Found\r\nlocation: /api/v2/roles\r\ncontent-length: 0\r\n\r\n",
        "a redirect elsewhere": b"HTTP/1.1 307 Over there\r\nlocation: http://127.0.0.1:1/\r\n\r\n",
        "a switch of protocols": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n",
        "no content, with content": b"HTTP/1.1 500 Unwell\r\n\r\n" + b"x" * 100_000,
        "a reason in many letters": b"HTTP/1.1 500 \xe9\x1b[31m" + b"x" * 30_000 + b"\r\n\r\n",
    }
    responses: dict[str, Callable[[UpstreamResponse], RawResponse]] = {
        name: _always(response) for name, response in fixed.items()
    }
    responses["an answer that was said to go on"] = lambda upstream: upstream.raw(
        headers={"content-length": str(len(upstream.body) + 1)}
    )
    responses["an answer that was cut"] = lambda upstream: upstream.raw()[:-1]
    responses["a byte at a time, without an end"] = lambda _: itertools.chain([OK + b"\r\n["], _slow_bytes())
    return responses


def _always(response: bytes) -> Callable[[UpstreamResponse], RawResponse]:
    return lambda _: response


def _slow_bytes() -> Iterator[bytes]:
    for _ in range(40):
        time.sleep(0.05)
        yield b" "
