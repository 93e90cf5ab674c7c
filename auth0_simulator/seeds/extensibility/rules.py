"""Rules, their settings, and hooks."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

RULES = 7


@seeded("rules")
def rules(context: SeedContext) -> list[Row]:
    """Rules, in order of execution."""
    return [
        {
            "id": context.id("rul_", index),
            "name": f"rule-{index}",
            "enabled": index % 2 == 0,
            "script": "function (user, context, callback) { callback(null, user, context); }",
            "order": index + 1,
            "stage": "login_success",
        }
        for index in range(RULES)
    ]


@seeded("rules_configs")
def rules_configs(context: SeedContext) -> list[Row]:
    """The names of the settings of rules; Auth0 does not show their values."""
    del context
    return [{"key": "API_KEY"}, {"key": "WEBHOOK_URL"}]


@seeded("hooks")
def hooks(context: SeedContext) -> list[Row]:
    """One hook for each trigger."""
    kinds = ("credentials-exchange", "pre-user-registration", "post-user-registration", "post-change-password")
    return [
        {
            "id": context.id("", kind, length=26).upper(),
            "triggerId": kind,
            "name": f"hook-{kind}",
            "enabled": True,
            "script": "module.exports = (user, context, cb) => cb(null, {});",
            "dependencies": {"lodash": "4.17.21"},
        }
        for kind in kinds
    ]
