"""A connector whose clock runs faster: hours of patience within seconds, while the tenant keeps its own time."""

import contextlib
import importlib
import pkgutil
import queue
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest.mock import patch

from requests.adapters import HTTPAdapter

import source_auth0
from source_auth0.api.auth import authenticators
from source_auth0.api.http import session
from source_auth0.api.http.retry_policy import RetryPolicy

#: Seconds that a socket waits at least, where its patience is tried and where not: a busy machine is no fault.
LEAST, MOST = 0.5, 20.0
#: Seconds for which the first token is waited for, where that is not what is tried.
SIGN_IN = 120


class FastTime:
    """Stands in for the `time` module of the connector: its seconds are so many times shorter, for all threads."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def monotonic(self) -> float:
        """Seconds on a clock that runs fast."""
        return time.monotonic() * self._speed

    def sleep(self, seconds: float) -> None:
        """Wait for so many of them."""
        time.sleep(seconds / self._speed)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def _modules() -> list[ModuleType]:
    """The connector's modules, whichever a sync would import later."""
    found = pkgutil.walk_packages(source_auth0.__path__, f"{source_auth0.__name__}.")
    return [importlib.import_module(module.name) for module in found if not module.name.endswith("__main__")]


@contextlib.contextmanager
def hurried(speed: float, patience: RetryPolicy | None = None) -> Iterator[None]:
    """Let a connector in this process wait `speed` times shorter, and be so patient.

    Where its own patience is tried, it waits shorter for answers too.
    """

    class FastQueue(queue.Queue[Any]):
        def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - as Queue
            return super().get(block, None if timeout is None else timeout / speed)

    send, clock, least = HTTPAdapter.send, FastTime(speed), MOST if patience else LEAST

    def hasty_send(adapter: HTTPAdapter, request: Any, **options: Any) -> Any:
        timeout = options.pop("timeout", None)
        options["timeout"] = tuple(max(part / speed, least) for part in timeout) if timeout else None
        return send(adapter, request, **options)

    with contextlib.ExitStack() as stack:
        if patience is not None:
            stack.enter_context(patch.object(RetryPolicy.__init__, "__defaults__", tuple(vars(patience).values())))
            stack.enter_context(patch.object(authenticators, "FIRST_SIGN_IN_SECONDS", SIGN_IN))
        stack.enter_context(patch.object(HTTPAdapter, "send", hasty_send))
        for module in _modules():
            # How long a body may take is measured by the tenant's own time, unless that is what is tried.
            if getattr(module, "time", None) is time and (patience is None or module is not session):
                stack.enter_context(patch.object(module, "time", clock))
            if getattr(module, "queue", None) is queue:
                fast = type("FastQueues", (), {"Queue": FastQueue, "Empty": queue.Empty, "Full": queue.Full})
                stack.enter_context(patch.object(module, "queue", fast))
        yield
