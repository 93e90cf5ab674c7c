"""Runs a function in several threads that start at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def in_threads(number: int, work: Callable[[int], Any], timeout: float = 10) -> list[Any]:
    """What `work(index)` returned, or the exception that it raised, in each of `number` threads that start together."""
    start = threading.Barrier(number)

    def run(index: int) -> Any:
        start.wait(timeout)
        try:
            return work(index)
        except Exception as error:  # noqa: BLE001 - errors are results here
            return error

    with ThreadPoolExecutor(number) as pool:
        return [future.result(timeout) for future in [pool.submit(run, index) for index in range(number)]]
