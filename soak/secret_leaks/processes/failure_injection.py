"""Failures injected into the connector: unexpected exceptions, with secrets in their locals and messages."""

import importlib
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from source_auth0.api.http.retry_policy import RetryPolicy
from testing.fast_clock import fast_clock

#: Where a failure is injected: `module:Class.method` or `module:function` of the connector.
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
#: Where the config is in the exception: only in a local variable, or in its message or cause, in some form.
MESSAGES = ("locals", "repr", "json", "lines", "chained")
#: How many times faster a fast clock runs, until the process exits.
SPEED = 100.0
UNTIL_EXIT = ExitStack()


def inject_failure(place: str = "", message: str = "locals", *, is_fast: bool = False) -> None:
    """Make an injection point, if given, raise an exception; is_fast: speed up the connector's clock."""
    if is_fast:
        UNTIL_EXIT.enter_context(fast_clock(SPEED, RetryPolicy()))
    if place:
        module_name, _, name = place.partition(":")
        owner: Any = importlib.import_module(f"source_auth0.{module_name}")
        for part in name.split(".")[:-1]:
            owner = getattr(owner, part)
        setattr(owner, name.rpartition(".")[2], lambda *_, **__: _raise(message))


def _raise(message: str) -> None:
    config = _config()
    if message == "chained":
        raise RuntimeError("an accident") from KeyError(config)
    messages = {
        "repr": repr(config),
        "json": json.dumps(config),
        "lines": "\n".join(map(str, (config.get("credentials") or {}).values())),
    }
    raise RuntimeError(messages.get(message, "an accident"))


def _config() -> dict[str, Any]:
    """The raw config file."""
    config: dict[str, Any] = json.loads(Path(sys.argv[sys.argv.index("--config") + 1]).read_text())
    return config
