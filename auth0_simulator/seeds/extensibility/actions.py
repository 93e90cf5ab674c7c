"""Actions, their versions, triggers, bindings and modules."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

CODE = "exports.onExecute = async (event, api) => {};"
LODASH = [{"name": "lodash", "version": "4.17.21"}]
ACTIONS, MODULES = 14, 5
#: Each trigger, and its versions from the oldest to the current one.
TRIGGERS = (
    ("post-login", ("v1", "v2", "v3")),
    ("credentials-exchange", ("v1", "v2")),
    ("pre-user-registration", ("v1", "v2")),
    ("post-user-registration", ("v2",)),
    ("event-stream", ("v1",)),
)


@seeded("action_triggers")
def action_triggers(context: SeedContext) -> list[Row]:
    """A row for each version of a trigger, of which the last is current."""
    del context
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
def actions(context: SeedContext) -> list[Row]:
    """Deployed actions, and every fourth a draft."""
    return [_action(context, index) for index in range(ACTIONS)]


def _action(context: SeedContext, index: int) -> Row:
    trigger, versions = TRIGGERS[0] if index % 2 else TRIGGERS[index % len(TRIGGERS)]
    action: Row = {
        "id": context.id("", index, length=32),
        "name": f"Action {index}",
        "supported_triggers": [{"id": trigger, "version": versions[-1]}],
        "created_at": context.moment(90 - index),
        "updated_at": context.moment(30 - index),
        "code": CODE,
        "dependencies": LODASH,
        "runtime": "node22",
        "status": "built",
        "secrets": [{"name": "API_KEY", "updated_at": context.moment(40)}],
        "all_changes_deployed": index % 4 != 3,  # noqa: PLR2004
    }
    if index % 4 != 3:  # noqa: PLR2004 - one in four was never deployed
        action["deployed_version"] = _version(context, index, _versions_of(index)) | {"deployed": True}
    return action


def _versions_of(index: int) -> int:
    """The number of versions of an action; a draft has none."""
    return 0 if index % 4 == 3 else 1 + index % 6  # noqa: PLR2004


def _version(context: SeedContext, index: int, number: int) -> Row:
    return {
        "id": context.id("", index, "version", number, length=32),
        "code": CODE,
        "dependencies": LODASH,
        "deployed": False,
        "runtime": "node22",
        "secrets": [{"name": "API_KEY", "updated_at": context.moment(40)}],
        "status": "built",
        "number": number,
        "built_at": context.moment(60 - number),
        "created_at": context.moment(60 - number),
        "updated_at": context.moment(60 - number),
    }


@seeded("action_versions", "actions")
def action_versions(context: SeedContext, action: Row) -> list[Row]:
    """The versions of an action, newest first; the newest is deployed."""
    index = next(i for i, row in enumerate(context.tenant.rows("actions")) if row["id"] == action["id"])
    last = _versions_of(index)
    shown = {name: action[name] for name in ("id", "name", "supported_triggers", "created_at", "updated_at")}
    deployed = {"id": action["deployed_version"]["id"], "deployed": True} if last else {}
    return [
        _version(context, index, number)
        | {"action": shown, "supported_triggers": action["supported_triggers"]}
        | (deployed if number == last else {})
        for number in range(last, 0, -1)
    ]


@seeded("action_trigger_bindings", "")
def action_trigger_bindings(context: SeedContext, trigger: str) -> list[Row]:
    """Every deployed action that supports the trigger."""
    return [
        {
            "id": context.id("", trigger, action["id"], length=32),
            "trigger_id": trigger,
            "action": action,
            "display_name": action["name"],
            "created_at": context.moment(20),
            "updated_at": context.moment(20),
        }
        for action in context.tenant.rows("actions")
        if "deployed_version" in action and action["supported_triggers"][0]["id"] == trigger
    ]


@seeded("action_modules")
def action_modules(context: SeedContext) -> list[Row]:
    """Modules; the last was never published."""
    return [
        {
            "id": context.id("", index, length=32),
            "name": f"module-{index}",
            "code": CODE,
            "dependencies": LODASH,
            "secrets": [{"name": "TOKEN", "updated_at": context.moment(40)}],
            "actions_using_module_total": 0 if index == MODULES - 1 else 4 + index,
            "all_changes_published": index != MODULES - 1,
            **({} if index == MODULES - 1 else {"latest_version_number": 4 + index}),
            "created_at": context.moment(50),
            "updated_at": context.moment(10),
        }
        for index in range(MODULES)
    ]


@seeded("action_module_actions", "action_modules")
def action_module_actions(context: SeedContext, module: Row) -> list[Row]:
    """The actions that use a module, as many as it counts; all use its first version."""
    versions = context.tenant.rows("action_module_versions", module["id"])
    if not versions:
        return []
    oldest = versions[-1]
    return [
        {
            "action_id": action["id"],
            "action_name": action["name"],
            "module_version_id": oldest["id"],
            "module_version_number": oldest["version_number"],
            "supported_triggers": action["supported_triggers"],
        }
        for action in context.tenant.rows("actions")[: module["actions_using_module_total"]]
    ]


@seeded("action_module_versions", "action_modules")
def action_module_versions(context: SeedContext, module: Row) -> list[Row]:
    """The published versions of a module, newest first."""
    return [
        {
            "id": context.id("", module["id"], number, length=32),
            "module_id": module["id"],
            "version_number": number,
            "code": CODE,
            "secrets": module["secrets"],
            "dependencies": LODASH,
            "created_at": context.moment(50 - number),
        }
        for number in range(module.get("latest_version_number", 0), 0, -1)
    ]
