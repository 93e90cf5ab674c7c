"""Rules and hooks."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

RULES = 7


@seeded("rules")
def rules(seeding: Seeding) -> list[Row]:
    """Rules in their order."""
    return [
        {
            "id": seeding.id("rul_", index),
            "name": f"rule-{index}",
            "enabled": index % 2 == 0,
            "script": "function (user, context, callback) { callback(null, user, context); }",
            "order": index + 1,
            "stage": "login_success",
        }
        for index in range(RULES)
    ]


@seeded("hooks")
def hooks(seeding: Seeding) -> list[Row]:
    """One hook of each kind."""
    kinds = ("credentials-exchange", "pre-user-registration", "post-user-registration", "post-change-password")
    return [
        {
            "id": seeding.id("", kind, length=26).upper(),
            "triggerId": kind,
            "name": f"hook-{kind}",
            "enabled": True,
            "script": "module.exports = (user, context, cb) => cb(null, {});",
            "dependencies": {"lodash": "4.17.21"},
        }
        for kind in kinds
    ]
