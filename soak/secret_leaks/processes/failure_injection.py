"""Failures injected into the connector: an unexpected exception, with secrets at hand and in its message."""

import importlib
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from source_auth0.api.http.retry_policy import RetryPolicy
from testing.fast_clock import fast_clock

#: Where a failure is injected: a module of the connector, and a class and a method of it, or a function.
INJECTION_POINTS = (
    "source:SourceAuth0.__init__",
    "source:SourceAuth0.spec",
    "source:SourceAuth0.check",
    "source:SourceAuth0.read",
    "run:validate_config",
    "api.tenant:Tenant.validate",
    "api.auth.authenticators:token_claims",
    "api.client:ManagementApiRequester._attempt",
    "api.client:ManagementApiRequester.get_path",
    "retrievers.lists.lists:ListRetriever.rows_of",
    "redaction.secret_fields:RedactSecretsTransformation.transform",
    "api.client:partition_columns",
    "api.rate_limit.api_budget:ApiBudget.release",
    "retrievers.events.connection:EventStreamConnection._read",
    "retrievers.user_lists.retrievers:PageNumberUserListRetriever.pages",
    "retrievers.logs.client:LogClient._get",
    "engine.stdout:StdoutWriter.write_rows",
)
#: What the exception says: nothing of the config, which is a local variable; or the whole of it, in some form.
MESSAGES = ("locals", "repr", "json", "lines", "chained")
#: How many times faster a fast clock runs, until the process exits.
SPEED = 100.0
UNTIL_EXIT = ExitStack()


def inject_failure(place: str = "", message: str = "locals", *, is_fast: bool = False) -> None:
    """Have an injection point fail with a message, if one is named; is_fast: let the connector's clock run fast."""
    if is_fast:
        UNTIL_EXIT.enter_context(fast_clock(SPEED, RetryPolicy()))
    if place:
        module_name, _, name = place.partition(":")
        owner: Any = importlib.import_module(f"source_auth0.{module_name}")
        for part in name.split(".")[:-1]:
            owner = getattr(owner, part)
        setattr(owner, name.rpartition(".")[2], lambda *_, **__: _break(message))


def _break(message: str) -> None:
    config = _config()
    if message == "chained":
        raise RuntimeError("an accident") from KeyError(config)
    said = {
        "repr": repr(config),
        "json": json.dumps(config),
        "lines": "\n".join(map(str, (config.get("credentials") or {}).values())),
    }
    raise RuntimeError(said.get(message, "an accident"))


def _config() -> dict[str, Any]:
    """The config as it was typed."""
    config: dict[str, Any] = json.loads(Path(sys.argv[sys.argv.index("--config") + 1]).read_text())
    return config
