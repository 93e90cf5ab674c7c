"""Connection checks while every route, or the sign-in, drips."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0 import SourceAuth0
from source_auth0 import check as check_module
from source_auth0.api.http.retry_policy import MAX_CHECK_SECONDS
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from testing.fast_clock import fast_clock
from testing.syncs.sync_probe import is_unreadable

#: How many times faster the clock runs: the timeouts of a check are short already.
SPEED = 10.0
#: The promise: a minute, of which a part is the start of the process.
PROMISED_SECONDS = 60.0
THREADS = 12
LOGGER = logging.getLogger("airbyte.soak")


@dataclass(frozen=True)
class DrippedCheck:
    """What came of a check that reads one row of one stream: "" where it succeeded; and its seconds."""

    stream: str
    message: str
    seconds: float

    def problem(self, *, may_succeed: bool) -> str:
        """What is wrong with it; "" if nothing."""
        if self.seconds > PROMISED_SECONDS:
            return f"a check of `{self.stream}` takes {self.seconds:.0f} seconds"
        if not self.message and not may_succeed:
            return f"a check of `{self.stream}` succeeds, though it could read nothing"
        return f"a check of `{self.stream}` says {self.message!r}" if is_unreadable(self.message) else ""


def checkable() -> list[str]:
    """The streams that a check may read a row of: those of no parent, that ask for anything at all."""
    parameters = {name: load_stream(name)["$parameters"] for name in stream_files()}
    return [
        name
        for name, of_stream in parameters.items()
        if "stream_partition" not in of_stream["resource"] and of_stream["required_scopes"]
    ]


def run_checks(config: Mapping[str, Any], streams: Sequence[str]) -> Iterator[DrippedCheck]:
    """A check for each stream, as of an application that may read it alone, on a fast clock."""
    with (
        fast_clock(SPEED),
        patch.object(check_module, "MAX_CHECK_SECONDS", MAX_CHECK_SECONDS / SPEED),
        ThreadPoolExecutor(THREADS) as pool,
    ):
        yield from pool.map(partial(_check, config), streams)


def _check(config: Mapping[str, Any], stream: str) -> DrippedCheck:
    source, message = SourceAuth0(), ""
    tenant, authenticator, url = source.api_of(config)
    definitions, families = {stream: load_stream(stream)}, {stream: "all"}
    check = partial(check_module.check_tenant, tenant, authenticator, url, definitions, families, LOGGER)
    began = time.monotonic()
    try:
        check_module.finish_in_time(check, tenant.domain)
    except AirbyteTracedException as error:
        message = error.message or repr(error)
    return DrippedCheck(stream, message, (time.monotonic() - began) * SPEED)
