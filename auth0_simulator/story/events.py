"""The log of the story: each scene as the event that Auth0 would have written."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from auth0_simulator.logs.api_writes import api_write_event, percent_encoded
from auth0_simulator.logs.event_context import EventContext, TenantSnapshot
from auth0_simulator.logs.event_types import EVENT_FACTORIES_BY_TYPE
from auth0_simulator.logs.user_events import deletion_event
from auth0_simulator.state.identifiers import digest
from auth0_simulator.story.script import Scene, Script
from auth0_simulator.wire.rows import Row

#: What attack protection writes, in Auth0's words; `log_types` of the connector has the codes.
ATTACK_TEXTS = {
    "limit_wc": "Too many failed login attempts",
    "limit_mu": "Too many attempts from one address",
    "limit_sul": "Too many logins with one account",
    "pwd_leak": "Login with a password that was found in a breach",
    "signup_pwd_leak": "Signup with a password that was found in a breach",
}
ATTACKERS = 24
COUNTRIES = ("US", "DE", "GB", "NL", "PT", "JP", "BR", "FR")
#: Administrators by index of their user; Terraform is an application.
ADMINISTRATORS = 3
PARTS = dict[str, Any]


@dataclass(frozen=True)
class StoryContext(EventContext):
    """A scene's context: its user is the scene's."""

    scene: Scene

    @property
    def user_id(self) -> str:
        """The user of the scene."""
        return self.tenant_snapshot.user_id(max(self.scene.user, 0))

    @property
    def client(self) -> Row:
        """A user's usual applications, of which each has two; a machine's own."""
        number = self.scene.user * 7 + self.scene.number % 2 if self.scene.user >= 0 else self.scene.number
        return self.tenant_snapshot.client(number)

    @property
    def deleted_user_id(self) -> str:
        """The id of a database user who was deleted: the same in both events of a deletion."""
        return f"auth0|{digest(self.scene.number, 'deleted').hex()[:24]}"


class StoryEvents:
    """The seeded events of a story in order of arrival, each made on demand."""

    def __init__(self, script: Script) -> None:
        self._scenes = script.scenes
        self.dates = array("q", (scene.at for scene in self._scenes))
        self.arrivals = array("q", (scene.at + 40 for scene in self._scenes))

    def __len__(self) -> int:
        return len(self._scenes)

    def event(self, index: int, tenant_snapshot: TenantSnapshot) -> Row:
        """The columns of an event that depend on its type."""
        scene = self._scenes[index]
        context = StoryContext(index, scene.at, digest(scene.number, scene.kind, size=48), tenant_snapshot, scene)
        made = _make(context)
        if scene.user >= 0 and scene.kind not in ATTACK_TEXTS and not made["type"].endswith("api"):
            made["location_info"] = {"country_code": COUNTRIES[scene.user % len(COUNTRIES)]}
        return made


def _make(context: StoryContext) -> Row:
    kind = context.scene.kind
    if kind in ATTACK_TEXTS:
        return _attack(context)
    if kind == "fu":  # names that nobody has are typed by the attackers alone
        return EVENT_FACTORIES_BY_TYPE[kind](context) | {"ip": _attacker(context)}
    if kind == "sdu":
        user_id = context.deleted_user_id
        fields = context.tenant_snapshot.connection_fields(user_id)
        return deletion_event(user_id, fields, context.tenant_snapshot)
    if kind in EVENT_FACTORIES_BY_TYPE:
        return EVENT_FACTORIES_BY_TYPE[kind](context)
    return _write(context)


def _attacker(context: StoryContext) -> str:
    return f"198.51.100.{context.scene.number % ATTACKERS + 1}"


def _attack(context: StoryContext) -> Row:
    kind = context.scene.kind
    own = {} if kind.startswith("signup") else {"user_id": context.user_id}
    row = {"ip": _attacker(context), "hostname": context.tenant_snapshot.domain, **context.client}
    return {"type": kind, "description": ATTACK_TEXTS[kind], **row, **own}


def _write(context: StoryContext) -> Row:
    """A write of an administrator in the dashboard, or of Terraform."""
    method, path, parts = WRITES[context.scene.kind](context)
    by_person = context.scene.kind in {"admin_role", "policy_off", "delete_user"} or context.scene.number % 3
    user = context.tenant_snapshot.user_id(context.scene.number % ADMINISTRATORS) if by_person else None
    event = api_write_event(method, path, **parts, user=user)
    return {**event, "client_id": context.tenant_snapshot.client(0)["client_id"]}


def _role(context: StoryContext) -> str:
    roles = context.tenant_snapshot.roles
    return roles[context.scene.number % len(roles)]


def _client_path(context: StoryContext) -> str:
    return f"/clients/{context.tenant_snapshot.client(context.scene.number % 20)['client_id']}"


def _user_path(context: StoryContext) -> str:
    return f"/users/{percent_encoded(context.user_id)}"


def _member(context: StoryContext) -> tuple[str, str, PARTS]:
    organization = context.tenant_snapshot.organization(context.scene.number).get("organization_id", "org_gone")
    return "post", f"/organizations/{organization}/members", {"body": {"members": [context.user_id]}, "status": 204}


def _patch_connection(context: StoryContext) -> tuple[str, str, PARTS]:
    connections = sorted(context.tenant_snapshot.connections.values())
    return "patch", f"/connections/{connections[context.scene.number % len(connections)]}", {"body": {"options": {}}}


def _permission(context: StoryContext) -> tuple[str, str, PARTS]:
    permission = {"resource_server_identifier": context.tenant_snapshot.apis[-1], "permission_name": "read:orders"}
    return "post", f"/roles/{_role(context)}/permissions", {"body": {"permissions": [permission]}}


WRITES: dict[str, Callable[[StoryContext], tuple[str, str, PARTS]]] = {
    "role": lambda context: (
        "post", f"{_user_path(context)}/roles", {"body": {"roles": [_role(context)]}, "status": 204}
    ),
    "admin_role": lambda context: (
        "post", f"{_user_path(context)}/roles", {"body": {"roles": [context.tenant_snapshot.roles[0]]}, "status": 204}
    ),
    "member": _member,
    "patch_client": lambda context: ("patch", _client_path(context), {"body": {"name": "Renamed"}}),
    "rotate": lambda context: ("post", f"{_client_path(context)}/rotate-secret", {"status": 200}),
    "unblock": lambda context: ("patch", _user_path(context), {"body": {"blocked": False}}),
    "permission": _permission,
    "patch_connection": _patch_connection,
    "policy_off": lambda _: ("put", "/guardian/policies", {"body": []}),
    "policy_on": lambda _: ("put", "/guardian/policies", {"body": ["all-applications"]}),
    "delete_user": lambda context: ("delete", f"/users/{percent_encoded(context.deleted_user_id)}", {"status": 204}),
}  # fmt: skip
