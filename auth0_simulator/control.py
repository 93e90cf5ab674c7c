"""The control plane: what a test in another process does to the tenant, apart from the tenant's own surface."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from auth0_simulator.events import KNOBS as EVENT_KNOBS
from auth0_simulator.exports import KNOBS
from auth0_simulator.faults import Fault
from auth0_simulator.message import Message, Reply, json_reply

if TYPE_CHECKING:
    from auth0_simulator.simulator import Simulator

Body = dict[str, Any]
FAULT_FIELDS = tuple(field.name for field in dataclasses.fields(Fault))
USER_ACTIONS = ("create", "update", "login", "delete", "by", "events", "late", "logins", "creates", "deletes")
LOG_KNOBS = {"log_expired": "expired", "log_retention": "retention", "log_search_lag": "search_lag"}
SETTINGS = (
    "latency",
    "plan",
    "scopes",
    "page_limit",
    "total_cap",
    "token_lifetime",
    "gzip",
    "user_id_ranges",
    "exports",
    "events",
    *LOG_KNOBS,
)
CLOCK_ACTIONS = ("advance", "freeze", "unfreeze")


class ControlPlane:
    """Its actions by method and path; every body is a JSON object."""

    def __init__(self, simulator: Simulator) -> None:
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
            ("GET", "/settings"): self._settings,
            ("PATCH", "/settings"): self._change_settings,
        }

    def latency(self) -> float:
        """The control plane answers at once."""
        return 0.0

    def answer(self, message: Message) -> Reply:
        """Do what is asked; what cannot be done is answered with a sentence that names what can."""
        action = self._actions.get((message.method, message.path))
        if action is None:
            known = ", ".join(f"{method} {path}" for method, path in self._actions)
            return json_reply(404, {"error": f"{message.method} {message.path} is not here; there are {known}"})
        try:
            with self._simulator.tenant.lock:
                return json_reply(200, action(message.fields()))
        except (KeyError, TypeError, ValueError) as error:
            return json_reply(400, {"error": str(error.args[0]) if error.args else str(error)})

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
        _require_known(body, CLOCK_ACTIONS)
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
            _require_known(entry, FAULT_FIELDS)
        self._simulator.faults.add(*(Fault(**entry) for entry in entries))
        return {"faults": len(self._simulator.faults)}

    def _clear_faults(self, _body: Body) -> Body:
        self._simulator.faults.clear()
        return {}

    def _count_users(self, _body: Body) -> Body:
        return {"users": len(self._simulator.tenant.users)}

    def _change_users(self, body: Body) -> Body:
        """`create`, `update` take attributes, `login` and `delete` an id, `creates`, `deletes`, `logins` a number.

        `by`, `events` and `late` say how `delete` is done and told in the log.
        """
        _require_known(body, USER_ACTIONS)
        tenant = self._simulator.tenant
        done = tenant.activity(*(int(body.get(name, 0)) for name in ("logins", "creates", "deletes")))
        if "create" in body:
            done["created"].append(tenant.create_user(**body["create"]))
        if "update" in body:
            tenant.update_user(**body["update"])
        if "login" in body:
            tenant.login(body["login"])
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

    def _settings(self, _body: Body) -> Body:
        settings = dataclasses.asdict(self._simulator.settings)
        simulator = self._simulator
        return {
            **settings,
            "scopes": sorted(simulator.scopes),
            "plan": simulator.plan,
            "user_id_ranges": simulator.tenant.index.user_id_ranges,
            **{name: getattr(simulator.tenant.log, knob) for name, knob in LOG_KNOBS.items()},
            "exports": {name: getattr(simulator.exports, name) for name in KNOBS},
            "events": {name: getattr(simulator.tenant.events, name) for name in EVENT_KNOBS},
        }

    def _change_settings(self, body: Body) -> Body:
        _require_known(body, SETTINGS)
        for name, value in body.items():
            if name == "plan":
                self._simulator.plan = value
            elif name == "scopes":
                self._simulator.scopes = value
            elif name == "user_id_ranges":
                self._simulator.tenant.index.user_id_ranges = bool(value)
            elif name in LOG_KNOBS:
                setattr(self._simulator.tenant.log, LOG_KNOBS[name], value)
            elif name == "exports":
                _turn(self._simulator.exports, KNOBS, value)
            elif name == "events":
                _turn(self._simulator.tenant.events, EVENT_KNOBS, value)
            else:
                setattr(self._simulator.settings, name, value)
        return self._settings({})


def _turn(what: object, knobs: tuple[str, ...], values: Body) -> None:
    _require_known(values, knobs)
    for knob, turned in values.items():
        setattr(what, knob, turned)


def _require_known(body: Body, known: tuple[str, ...]) -> None:
    unknown = [name for name in body if name not in known]
    if unknown:
        raise ValueError(f"{', '.join(unknown)} not known here; known are {', '.join(known)}")
