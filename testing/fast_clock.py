"""A connector whose clock runs fast: hours of waiting pass within seconds, while the tenant keeps its own time."""

import contextlib
import importlib
import pkgutil
import queue
import time
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any
from unittest.mock import patch

from requests.adapters import HTTPAdapter

import source_auth0
from source_auth0.api import client
from source_auth0.api.auth import authenticators
from source_auth0.api.http.retry_policy import SIGN_IN_RETRY_POLICY, RetryPolicy
from source_auth0.retrievers.user_search import queries

#: The shortest socket timeouts in seconds, where timeouts are what is tested and where not: a busy machine is no fault.
MIN_TESTED_SOCKET_SECONDS, MIN_SOCKET_SECONDS = 0.5, 20.0
#: Seconds for which the first sign-in is retried, where that is not what is tested.
SIGN_IN_SECONDS = 120


class FastTime:
    """Stands in for the connector's `time` module, in all threads: a second of it is `speed` times shorter."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def monotonic(self) -> float:
        """Seconds on a clock that runs fast."""
        return time.monotonic() * self._speed

    def sleep(self, seconds: float) -> None:
        """Sleep for so many seconds of that clock."""
        time.sleep(seconds / self._speed)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def _modules() -> list[ModuleType]:
    """All modules of the connector, those included that a sync would import later."""
    found = pkgutil.walk_packages(source_auth0.__path__, f"{source_auth0.__name__}.")
    return [importlib.import_module(module.name) for module in found if not module.name.endswith("__main__")]


@contextlib.contextmanager
def fast_clock(speed: float, policy: RetryPolicy | None = None) -> Iterator[None]:
    """Run the connector in this process on a clock that is `speed` times as fast, with this retry policy.

    Without a policy it keeps its own, and its socket timeouts are shortened further: they are what is tested then.
    """

    class FastQueue(queue.Queue[Any]):
        def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - as Queue
            return super().get(block, None if timeout is None else timeout / speed)

    send, clock = HTTPAdapter.send, FastTime(speed)
    shortest = MIN_SOCKET_SECONDS if policy else MIN_TESTED_SOCKET_SECONDS

    def send_with_short_timeout(adapter: HTTPAdapter, request: Any, **options: Any) -> Any:
        timeout = options.pop("timeout", None)
        options["timeout"] = tuple(max(part / speed, shortest) for part in timeout) if timeout else None
        return send(adapter, request, **options)

    with contextlib.ExitStack() as stack:
        if policy is not None:
            sign_in = replace(SIGN_IN_RETRY_POLICY, seconds=SIGN_IN_SECONDS)
            stack.enter_context(patch.object(client, "API_RETRY_POLICY", policy))
            stack.enter_context(patch.object(queries, "SINGLE_ATTEMPT_RETRY_POLICY", replace(policy, attempts=1)))
            stack.enter_context(patch.object(authenticators, "SIGN_IN_RETRY_POLICY", sign_in))
        stack.enter_context(patch.object(HTTPAdapter, "send", send_with_short_timeout))
        for module in _modules():
            if getattr(module, "time", None) is time:
                stack.enter_context(patch.object(module, "time", clock))
            if getattr(module, "queue", None) is queue:
                fast = type("FastQueues", (), {"Queue": FastQueue, "Empty": queue.Empty, "Full": queue.Full})
                stack.enter_context(patch.object(module, "queue", fast))
        yield
