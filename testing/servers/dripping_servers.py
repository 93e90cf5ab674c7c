"""Servers on loopback that send a byte now and then, hang up half way, or never answer."""

import socket
import socketserver
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from testing.network import RECEIVE_BYTES, certificate, loopback_server

#: Seconds between two bytes: far below every timeout.
DRIP_SECONDS = 0.05
HEADER = b"HTTP/1.1 200 OK\r\nX-Pad: "
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
#: An endless size of a chunk.
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#: The name of a file in the gzip header never ends, so that what drips decodes to nothing.
GZIP_BODY = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9999\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\xff"
#: The head of a TLS record of four kilobytes.
TLS_RECORD = b"\x16\x03\x03\x10\x00"
TUNNEL = b"HTTP/1.1 200 Connection Established\r\n\r\n"


def dripping_server(*parts: bytes, reads: bool = True) -> AbstractContextManager[str]:
    """A server that sends each part after a request (the first one at once unless it reads), then drips zeros.

    Yields `host:port`.
    """

    def serve(connection: socket.socket) -> None:
        for index, part in enumerate(parts):
            if reads or index:
                connection.recv(RECEIVE_BYTES)
            connection.sendall(part)
        drip(connection)

    return server(serve)


def server(serve: Callable[[socket.socket], None]) -> AbstractContextManager[str]:
    """A server that calls a function with each connection; yields `host:port`."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                serve(self.request)

    return loopback_server(Handler)


def tls_server(folder: Path, serve: Callable[[socket.socket], None]) -> tuple[AbstractContextManager[str], Path]:
    """A server behind TLS, and the path of the certificate to trust."""
    authority = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")

    def inside(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            serve(secured)

    return server(inside), authority


def drip(connection: socket.socket) -> None:
    """Send a zero now and then until the other side hangs up."""
    while True:
        connection.sendall(b"0")
        time.sleep(DRIP_SECONDS)
