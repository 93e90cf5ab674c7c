"""Keys of a config that no field has: most likely a typing error, by which a setting has no effect."""

from collections.abc import Iterator, Mapping
from typing import Any

from source_auth0.redaction.log_masking import quote_input
from source_auth0.spelling import did_you_mean

#: Keys that others add: Airbyte's own clients, and the framework.
ADDED_BY_OTHERS = frozenset({"sourceType"})
FRAMEWORK_PREFIX = "__"


def unknown_key_warnings(config: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    """A warning for each key of the config and of its credentials that no field has; values are not quoted."""
    fields: Mapping[str, Mapping[str, Any]] = spec["properties"]
    yield from _warnings(config, set(fields) | ADDED_BY_OTHERS, "")
    if isinstance(credentials := config.get("credentials"), Mapping):
        branches = fields["credentials"]["oneOf"]
        yield from _warnings(
            credentials, {name for branch in branches for name in branch["properties"]}, "credentials."
        )


def _warnings(keys: Mapping[str, Any], known: set[str], prefix: str) -> Iterator[str]:
    for key in keys:
        if key not in known and not str(key).startswith(FRAMEWORK_PREFIX):
            yield (
                f"The config has the key `{prefix}{quote_input(key)}`, which is no field of this connector, so that it "
                f"has no effect.{did_you_mean(str(key), known - set(keys))}"
            )
