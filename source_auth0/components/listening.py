"""An answer that stays open: what its beginning means, and its bytes as they come."""

import contextlib
import queue
import re
import threading

import requests
import urllib3
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.components.answers import Meaning, Verdict, judge
from source_auth0.components.bodies import words
from source_auth0.components.problems import transient_error
from source_auth0.components.refusals import Reader, said_in

#: What is asked for; compressed, an event would wait in a proxy for others to fill its block.
HEADERS = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-store"}
TOO_MANY = re.compile(r"^Maximum concurrent event stream connections reached")
CHUNK = 1 << 16
#: Chunks that are read before somebody asks for them, and seconds between two looks whether anybody still will.
AHEAD, LOOK = 16, 0.1
HANGING_UP = 2.0


class PositionRefused(AirbyteTracedException):
    """Auth0 does not go on from a position: it is older than the history that is kept, or makes no sense."""

    def __init__(self, stream: str, status: object, said: str) -> None:
        message = f"Auth0 does not read `{stream}` from where it was asked to ({status} {said})."
        super().__init__(message=message, internal_message=message)


class TooManyListeners(AirbyteTracedException):
    """As many consumers listen to the tenant's events as its plan allows."""

    def __init__(self, stream: str) -> None:
        message = (
            f"Auth0 refused `{stream}`: other consumers hold all the connections to its Events API that the tenant's "
            "plan allows (one on Free, four on self-service plans, eight on Enterprise). Stop another consumer of "
            "`GET /api/v2/events`, or another sync of this stream, then sync again."
        )
        super().__init__(message=message, internal_message=message, failure_type=FailureType.config_error)


def judge_beginning(answer: requests.Response, reader: Reader) -> Verdict:
    """Tell what the beginning of an answer means; the verdict on a stream has the open answer for its body.

    400 and 410 are about the position, of which a list knows nothing: there, 410 is a feature that is gone.
    """
    kind = words(answer.headers.get("content-type")) or "no content type"
    if answer.status_code == requests.codes.ok:
        if kind.startswith("text/event-stream"):
            return Verdict(Meaning.ROWS, body=answer)
        answer.close()
        said = f"Auth0 answered `{reader.stream}` with something that is no event stream ({kind})."
        return Verdict(Meaning.AGAIN, error=transient_error(f"{said} A proxy in between may have answered."))
    try:
        said = said_in(answer)[1] or words(answer.reason)
    except requests.RequestException as error:
        broken = f"The answer to `{reader.stream}` broke off ({type(error).__name__})."
        return Verdict(Meaning.AGAIN, error=transient_error(broken))
    verdict = judge(answer, reader)
    unknown = answer.status_code == requests.codes.bad_request and verdict.meaning is Meaning.FAIL
    if unknown or answer.status_code == requests.codes.gone:
        return Verdict(Meaning.FAIL, error=PositionRefused(reader.stream, answer.status_code, said))
    if answer.status_code == requests.codes.forbidden and TOO_MANY.match(said):
        return Verdict(Meaning.FAIL, error=TooManyListeners(reader.stream))
    return verdict


class Connection:
    """An open answer, read by a thread of its own, so that whoever listens can stop waiting at any moment.

    A socket's timeout counts from the last byte, which a heartbeat sends on without end.
    """

    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer
        self._chunks: queue.Queue[bytes | Exception] = queue.Queue(AHEAD)
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._read, name="listening", daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> bytes:
        """The next bytes, b"" at the end; raises TimeoutError when none come, or what the connection broke with."""
        try:
            found = self._chunks.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        """Hang up, and wait a moment until that is done: a plan may allow no second connection."""
        self._unwanted.set()
        with contextlib.suppress(AttributeError, ValueError, RuntimeError, OSError):
            self._answer.raw.shutdown()
        self._thread.join(HANGING_UP)

    def _read(self) -> None:
        try:
            while (chunk := self._answer.raw.read1(CHUNK)) and self._put(chunk):
                pass
            self._put(b"")
        except urllib3.exceptions.ReadTimeoutError:
            # Silence, which is no fault: another connection may be better.
            self._put(b"")
        except Exception as error:  # noqa: BLE001 - whatever it broke with is for the listener to judge
            self._put(error)
        finally:
            self._answer.close()

    def _put(self, chunk: bytes | Exception) -> bool:
        """Whether it was taken; nobody takes anything once the listener has hung up."""
        while not self._unwanted.is_set():
            with contextlib.suppress(queue.Full):
                self._chunks.put(chunk, timeout=LOOK)
                return True
        return False
