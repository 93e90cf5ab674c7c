"""Actions, their versions, triggers, bindings and modules."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

CODE = "exports.onExecute = async (event, api) => {};"
LODASH = [{"name": "lodash", "version": "4.17.21"}]
ACTIONS, MODULES = 14, 5
#: Trigger, its versions from old to current, and the action's place in it.
TRIGGERS = (
    ("post-login", ("v1", "v2", "v3")),
    ("credentials-exchange", ("v1", "v2")),
    ("pre-user-registration", ("v1", "v2")),
    ("post-user-registration", ("v2",)),
    ("event-stream", ("v1",)),
)


@seeded("action_triggers")
def action_triggers(seeding: Seeding) -> list[Row]:
    """A row for each version of a trigger, of which the last is current."""
    del seeding
    return [
        {
            "id": name,
            "version": version,
            "status": "CURRENT" if version == versions[-1] else "DEPRECATED",
            "runtimes": ["node18-actions", "node22"],
            "default_runtime": "node22",
            "compatible_triggers": [],
            "binding_policy": "entity-bound" if name == "event-stream" else "trigger-bound",
        }
        for name, versions in TRIGGERS
        for version in versions
    ]


@seeded("actions")
def actions(seeding: Seeding) -> list[Row]:
    """Deployed ones, and every fourth a draft."""
    return [_action(seeding, index) for index in range(ACTIONS)]


def _action(seeding: Seeding, index: int) -> Row:
    trigger, versions = TRIGGERS[0] if index % 2 else TRIGGERS[index % len(TRIGGERS)]
    action: Row = {
        "id": seeding.id("", index, length=32),
        "name": f"Action {index}",
        "supported_triggers": [{"id": trigger, "version": versions[-1]}],
        "created_at": seeding.moment(90 - index),
        "updated_at": seeding.moment(30 - index),
        "code": CODE,
        "dependencies": LODASH,
        "runtime": "node22",
        "status": "built",
        "secrets": [{"name": "API_KEY", "updated_at": seeding.moment(40)}],
        "all_changes_deployed": index % 4 != 3,  # noqa: PLR2004
    }
    if index % 4 != 3:  # noqa: PLR2004 - one in four was never deployed
        action["deployed_version"] = _version(seeding, index, _versions_of(index)) | {"deployed": True}
    return action


def _versions_of(index: int) -> int:
    """How many versions an action has; one that was never deployed has none."""
    return 0 if index % 4 == 3 else 1 + index % 6  # noqa: PLR2004


def _version(seeding: Seeding, index: int, number: int) -> Row:
    return {
        "id": seeding.id("", index, "version", number, length=32),
        "code": CODE,
        "dependencies": LODASH,
        "deployed": False,
        "runtime": "node22",
        "secrets": [{"name": "API_KEY", "updated_at": seeding.moment(40)}],
        "status": "built",
        "number": number,
        "built_at": seeding.moment(60 - number),
        "created_at": seeding.moment(60 - number),
        "updated_at": seeding.moment(60 - number),
    }


@seeded("action_versions", "actions")
def action_versions(seeding: Seeding, action: Row) -> list[Row]:
    """Newest first; the newest runs."""
    index = next(i for i, row in enumerate(seeding.tenant.rows("actions")) if row["id"] == action["id"])
    last = _versions_of(index)
    shown = {name: action[name] for name in ("id", "name", "supported_triggers", "created_at", "updated_at")}
    return [
        _version(seeding, index, number)
        | {"action": shown, "supported_triggers": action["supported_triggers"], "deployed": number == last}
        for number in range(last, 0, -1)
    ]


@seeded("action_trigger_bindings", "")
def action_trigger_bindings(seeding: Seeding, trigger: str) -> list[Row]:
    """Every deployed action that the trigger can run."""
    return [
        {
            "id": seeding.id("", trigger, action["id"], length=32),
            "trigger_id": trigger,
            "action": action,
            "display_name": action["name"],
            "created_at": seeding.moment(20),
            "updated_at": seeding.moment(20),
        }
        for action in seeding.tenant.rows("actions")
        if "deployed_version" in action and action["supported_triggers"][0]["id"] == trigger
    ]


@seeded("action_modules")
def action_modules(seeding: Seeding) -> list[Row]:
    """Modules, of which the last was never published."""
    return [
        {
            "id": seeding.id("", index, length=32),
            "name": f"module-{index}",
            "code": CODE,
            "dependencies": LODASH,
            "secrets": [{"name": "TOKEN", "updated_at": seeding.moment(40)}],
            "actions_using_module_total": 0 if index == MODULES - 1 else 4 + index,
            "all_changes_published": index != MODULES - 1,
            **({} if index == MODULES - 1 else {"latest_version_number": 4 + index}),
            "created_at": seeding.moment(50),
            "updated_at": seeding.moment(10),
        }
        for index in range(MODULES)
    ]


@seeded("action_module_actions", "action_modules")
def action_module_actions(seeding: Seeding, module: Row) -> list[Row]:
    """As many actions as the module counts."""
    return [
        {
            "action_id": action["id"],
            "action_name": action["name"],
            "module_version_id": seeding.id("", module["id"], "version", length=32),
            "module_version_number": 1,
            "supported_triggers": action["supported_triggers"],
        }
        for action in seeding.tenant.rows("actions")[: module["actions_using_module_total"]]
    ]


@seeded("action_module_versions", "action_modules")
def action_module_versions(seeding: Seeding, module: Row) -> list[Row]:
    """Published versions, newest first."""
    return [
        {
            "id": seeding.id("", module["id"], number, length=32),
            "module_id": module["id"],
            "version_number": number,
            "code": CODE,
            "secrets": module["secrets"],
            "dependencies": LODASH,
            "created_at": seeding.moment(50 - number),
        }
        for number in range(module.get("latest_version_number", 0), 0, -1)
    ]
