"""The control plane: an HTTP API, apart from the tenant's own, through which tests in other processes control it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from auth0_simulator.control.faults import Fault, FaultRegistry
from auth0_simulator.control.journal import JournalEntry
from auth0_simulator.control.settings import SimulatorSettings
from auth0_simulator.control.tenant_settings import change_settings, read_settings, require_known
from auth0_simulator.state.clock import Clock
from auth0_simulator.tenant import Tenant
from auth0_simulator.wire.messages import HttpRequest, HttpResponse, json_response

Body = dict[str, Any]
FAULT_FIELDS = tuple(field.name for field in dataclasses.fields(Fault))
USER_ACTIONS = (
    "create",
    "update",
    "login",
    "delete",
    "by",
    "events",
    "late",
    "logins",
    "creates",
    "deletes",
    "touch",
    "stop_touching",
)
CLOCK_ACTIONS = ("advance", "freeze", "unfreeze")


class ControlledSimulator(Protocol):
    """What the control plane needs of a simulator."""

    clock: Clock
    tenant: Tenant
    settings: SimulatorSettings
    plan: str

    @property
    def journal(self) -> list[JournalEntry]:
        """Every request so far."""

    @property
    def faults(self) -> FaultRegistry:
        """The active faults."""

    def clear_journal(self) -> None:
        """Forget the requests so far."""

    def reset(self) -> None:
        """Return to the seeded state."""


class ControlPlane:
    """Handles actions by method and path; every body is a JSON object."""

    def __init__(self, simulator: ControlledSimulator) -> None:
        self._simulator = simulator
        self._actions: dict[tuple[str, str], Callable[[Body], object]] = {
            ("POST", "/reset"): self._reset,
            ("GET", "/journal"): self._journal,
            ("DELETE", "/journal"): self._clear_journal,
            ("GET", "/clock"): self._time,
            ("POST", "/clock"): self._clock,
            ("POST", "/faults"): self._add_faults,
            ("DELETE", "/faults"): self._clear_faults,
            ("GET", "/users"): self._count_users,
            ("POST", "/users"): self._change_users,
            ("POST", "/logs"): self._add_event,
            ("GET", "/settings"): lambda _body: read_settings(simulator),
            ("PATCH", "/settings"): lambda body: change_settings(simulator, body),
        }

    def latency(self) -> float:
        """The control plane responds at once."""
        return 0.0

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Run an action; an error response names the known actions or fields."""
        action = self._actions.get((request.method, request.path))
        if action is None:
            known = ", ".join(f"{method} {path}" for method, path in self._actions)
            return json_response(404, {"error": f"{request.method} {request.path} is not here; there are {known}"})
        try:
            with self._simulator.tenant.lock:
                return json_response(200, action(request.body_fields()))
        except (KeyError, TypeError, ValueError) as error:
            return json_response(400, {"error": str(error.args[0]) if error.args else str(error)})

    def _reset(self, _body: Body) -> Body:
        self._simulator.reset()
        return {"users": len(self._simulator.tenant.users)}

    def _journal(self, _body: Body) -> Body:
        entries = [dataclasses.asdict(entry) | {"at": entry.at.isoformat()} for entry in self._simulator.journal]
        return {"requests": entries}

    def _clear_journal(self, _body: Body) -> Body:
        self._simulator.clear_journal()
        return {}

    def _time(self, _body: Body) -> Body:
        return {"now": self._simulator.clock.now().isoformat()}

    def _clock(self, body: Body) -> Body:
        require_known(body, CLOCK_ACTIONS)
        clock = self._simulator.clock
        if body.get("freeze"):
            clock.freeze()
        if body.get("unfreeze"):
            clock.unfreeze()
        clock.advance(float(body.get("advance", 0)))
        return self._time({})

    def _add_faults(self, body: Body) -> Body:
        entries = body.get("faults", [body])
        for entry in entries:
            require_known(entry, FAULT_FIELDS)
        self._simulator.faults.add(*(Fault(**entry) for entry in entries))
        return {"faults": len(self._simulator.faults)}

    def _clear_faults(self, _body: Body) -> Body:
        self._simulator.faults.clear()
        return {}

    def _count_users(self, _body: Body) -> Body:
        return {"users": len(self._simulator.tenant.users)}

    def _change_users(self, body: Body) -> Body:
        """`create`, `update` take attributes, `login` and `delete` an id, `creates`, `deletes`, `logins` a number.

        `touch` takes the arguments of `Tenant.touch_users`, `stop_touching` the ids, or null for all.
        `by`, `events` and `late` say how `delete` is done and logged.
        """
        require_known(body, USER_ACTIONS)
        tenant = self._simulator.tenant
        done = tenant.simulate_activity(*(int(body.get(name, 0)) for name in ("logins", "creates", "deletes")))
        if "create" in body:
            done["created"].append(tenant.create_user(**body["create"]))
        if "update" in body:
            tenant.update_user(**body["update"])
        if "login" in body:
            tenant.login(body["login"])
        if "touch" in body:
            tenant.touch_users(**body["touch"])
        if "stop_touching" in body:
            tenant.stop_touching(body["stop_touching"])
        if "delete" in body:
            tenant.delete_user(
                body["delete"], **{name: body[name] for name in ("by", "events", "late") if name in body}
            )
        return {**done, "users": len(tenant.users)}

    def _add_event(self, body: Body) -> Body:
        """Any event: its `type`, other columns, and `late` or `date` for when it happened."""
        if "type" not in body:
            raise ValueError("an event needs a type")
        date = datetime.fromisoformat(body["date"].replace("Z", "+00:00")) if "date" in body else None
        return {"log_id": self._simulator.tenant.log.add(**{**body, "date": date})}
