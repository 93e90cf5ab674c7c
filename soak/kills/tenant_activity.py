"""What changes in a tenant between and during syncs that are killed."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from auth0_simulator import Simulator

METHODS = "user_authentication_methods"


@dataclass
class TenantHistory:
    """Users that changed, whose rows may therefore repeat, and those that were deleted, in order."""

    changed: set[str] = field(default_factory=set)
    deleted: list[str] = field(default_factory=list)


def simulate_activity(sim: Simulator, history: TenantHistory, rng: Random, limit: int) -> None:
    """Make up to `limit` random changes."""
    for _ in range(rng.randrange(limit + 1)):
        sim.clock.advance(rng.choice([0.01, 0.5, 3.0]))
        rng.choice([_log_in, _log_in, _create, _delete, _enroll, _write, _add_late_event])(sim, history, rng)


def _log_in(sim: Simulator, history: TenantHistory, rng: Random) -> None:
    history.changed.add(user := _random_user(sim, rng))
    sim.tenant.login(user)


def _create(sim: Simulator, history: TenantHistory, rng: Random) -> None:
    """Create a user, sometimes under the id of a deleted one."""
    reused_id = rng.choice(history.deleted) if history.deleted and rng.random() < 0.3 else ""
    attributes: dict[str, Any] = {"user_id": reused_id} if reused_id and reused_id not in sim.tenant.users else {}
    history.changed.add(sim.tenant.create_user(**attributes))


def _delete(sim: Simulator, history: TenantHistory, rng: Random) -> None:
    history.changed.add(user := _random_user(sim, rng))
    history.deleted.append(user)
    late = rng.choice([0.0, 2.0])
    sim.clock.advance(late + 0.01)  # the user's earlier changes precede the deletion, whose events arrive late
    sim.tenant.delete_user(user, events=rng.choice(["both", "sdu", "sapi"]), late=late)


def _enroll(sim: Simulator, history: TenantHistory, rng: Random) -> None:
    """Enroll a factor, which only the log shows."""
    history.changed.add(user := _random_user(sim, rng))
    attributes = {"type": "totp", "confirmed": True, "created_at": "2026-01-01T00:00:00.000Z"}
    sim.tenant.rows(METHODS, user).append({"id": f"totp|new_{len(sim.tenant.log)}", **attributes})
    sim.tenant.log.add("gd_enrollment_complete", user_id=user)


def _write(sim: Simulator, _: TenantHistory, rng: Random) -> None:
    sim.tenant.log_api_write("patch", f"/clients/c{rng.randrange(99)}")


def _add_late_event(sim: Simulator, _: TenantHistory, rng: Random) -> None:
    sim.tenant.log.add(rng.choice("sfw"), late=rng.choice([0.5, 5.0, 300.0, 5000.0]))


def _random_user(sim: Simulator, rng: Random) -> str:
    users = sim.tenant.users
    while (user := users.at(rng.randrange(users.seeded))) is None:
        pass
    return user
