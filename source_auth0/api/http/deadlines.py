"""Connections that end: each phase of an exchange has a deadline, kept at the socket.

A socket's timeout counts from the last byte, so that a peer that sends one now and then is waited for without end. Here
every read gets what is left of its phase. Connecting is one phase: TCP to any address of the host, a proxy's tunnel and
the TLS handshake share the connect timeout. The response is the other: its headers and its body share the read timeout.
"""

import contextlib
import http.client
import io
import math
import socket
import threading
from collections.abc import Callable, Iterator
from time import monotonic  # by name, so that a test's fast clock does not apply: sockets count real seconds
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family, create_connection


class SlowExchange:
    """What to do once, in the thread that waits, when an exchange takes longer than so many seconds."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self.at = monotonic() + seconds
        self._act: Callable[[], None] | None = act

    def due(self) -> None:
        """Act, unless that was done before, or the exchange is over."""
        act, self._act, self.at = self._act, None, math.inf
        if act is not None:
            act()


#: The `SlowExchange` of the current thread, if any.
_current = threading.local()


@contextlib.contextmanager
def when_slow(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Call `act` once, in this thread, if an exchange within the block waits longer than so many seconds.

    It is called amid reading a response; connecting has its own, shorter deadline.
    """
    _current.slow = slow = SlowExchange(seconds, act)
    try:
        yield
    finally:
        _current.slow, slow.at, slow._act = None, math.inf, None  # noqa: SLF001 - its own class


class ResponseReader(io.RawIOBase):
    """The bytes of one response, up to a deadline: what `http.client` reads from in the place of a socket's file."""

    def __init__(self, sock: socket.socket, deadline: float, idle: float) -> None:
        self._socket = sock
        #: Keeps the socket open until the response is closed, as its own file would.
        self._file = sock.makefile("rb", buffering=0)
        self._idle = idle
        self._slow: SlowExchange | None = getattr(_current, "slow", None)
        #: When the response has to be there, on the monotonic clock; infinite for no limit but the idle timeout.
        self.deadline = deadline

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """The buffered file that `http.client` asks a socket for."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read what arrives; raises TimeoutError after the deadline, or after the idle timeout without a byte."""
        while True:
            now = monotonic()
            if self._slow is not None and now >= self._slow.at:
                self._slow.due()
            if now >= self.deadline:
                raise TimeoutError("the answer does not end")
            slow_at = self._slow.at if self._slow is not None else math.inf
            seconds = min(self._idle, self.deadline - now, slow_at - now)
            self._socket.settimeout(None if seconds == math.inf else seconds)
            try:
                return self._socket.recv_into(buffer)
            except TimeoutError:
                if monotonic() < slow_at:
                    raise

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
        super().close()


class _ConnectionWithDeadlines(HTTPConnection):
    """The deadlines of both kinds of connections; `timeout` is that of the phase, as urllib3 sets it."""

    reader: ResponseReader | None = None
    _deadline = math.inf

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that accepts; all of them share the timeout, which urllib3 gives to each."""
        self._deadline = monotonic() + _seconds(self.timeout)
        try:
            found = socket.getaddrinfo(self.host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        failure: Exception = OSError("no address")
        for *_, address in found:
            try:
                sock = create_connection(
                    (str(address[0]), self.port), self._seconds_left(), self.source_address, self.socket_options
                )
            except OSError as error:
                failure = error
                continue
            # For the handshake, which has no deadline of its own but the socket's timeout.
            sock.settimeout(self._seconds_left())
            return sock
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out.") from failure
        raise NewConnectionError(self, f"Failed to establish a new connection: {failure}") from failure

    def _tunnel(self) -> None:
        super()._tunnel()
        if self.sock is not None:
            self.sock.settimeout(self._seconds_left())

    def _seconds_left(self) -> float | None:
        """Seconds left to connect; None without a limit. Raises TimeoutError when there are none."""
        seconds = self._deadline - monotonic()
        if seconds <= 0:
            raise TimeoutError("the connection takes too long")
        return None if seconds == math.inf else seconds

    def getresponse(self) -> Any:
        """The response, whose headers and body have to be there within the read timeout."""
        self._deadline = monotonic() + _seconds(self.timeout)
        return super().getresponse()

    def response_class(  # type: ignore[override] # a class there, called in the same way
        self, sock: socket.socket, *arguments: Any, **options: Any
    ) -> http.client.HTTPResponse:
        """The response of a request, or of a proxy that is asked for a tunnel."""
        self.reader = ResponseReader(sock, self._deadline, _seconds(self.timeout))
        return http.client.HTTPResponse(self.reader, *arguments, **options)  # type: ignore[arg-type] # all it uses


class _SecureConnectionWithDeadlines(_ConnectionWithDeadlines, HTTPSConnection):
    """A connection with TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _ConnectionWithDeadlines


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnectionWithDeadlines


class DeadlineAdapter(HTTPAdapter):
    """Sends requests over connections with deadlines, through a proxy too."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """As `HTTPAdapter` does."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """As `HTTPAdapter` does; a SOCKS proxy keeps connections of its own."""
        manager = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager


def limit_rest(response: requests.Response, seconds: float) -> None:
    """Let what is left of a streamed response take so many seconds from now on; math.inf for any time.

    A pause of the read timeout's length ends it all the same.
    """
    connection = getattr(response.raw, "connection", None)
    if isinstance(connection, _ConnectionWithDeadlines) and connection.reader is not None:
        connection.reader.deadline = monotonic() + seconds


#: Bytes of a file that have to come within each read timeout, not counting what the caller does meanwhile.
MIN_STEADY_BYTES = 1 << 18


def steady_chunks(response: requests.Response, chunk_bytes: int) -> Iterator[bytes]:
    """The bytes of a streamed file as they were sent, in chunks; raises urllib3's ReadTimeoutError once it only drips.

    A file may take hours, and so may what its reader does with each chunk; a deadline for the whole would cut it short.
    """
    connection = getattr(response.raw, "connection", None)
    timeout = _seconds(connection.timeout) if isinstance(connection, _ConnectionWithDeadlines) else math.inf
    chunks, seconds, received = response.raw.stream(chunk_bytes), timeout, 0
    while True:
        began_at = monotonic()
        limit_rest(response, seconds)
        if not (chunk := next(chunks, b"")):
            return
        seconds, received = seconds - (monotonic() - began_at), received + len(chunk)
        if received >= MIN_STEADY_BYTES:
            seconds, received = timeout, 0
        yield chunk


def _seconds(timeout: Any) -> float:
    return math.inf if timeout is None else float(timeout)
