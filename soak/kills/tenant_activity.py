"""What happens in a tenant between syncs that are killed, and amid them."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from auth0_simulator import Simulator

METHODS = "user_authentication_methods"


@dataclass
class TenantHistory:
    """Users who moved, whose rows come again for that, and those who were deleted, in order."""

    moved: set[str] = field(default_factory=set)
    deleted: list[str] = field(default_factory=list)


def simulate_activity(sim: Simulator, happened: TenantHistory, chance: Random, most: int) -> None:
    """Let some things happen at once."""
    for _ in range(chance.randrange(most + 1)):
        sim.clock.advance(chance.choice([0.01, 0.5, 3.0]))
        chance.choice([_log_in, _log_in, _create, _delete, _enroll, _write, _be_late])(sim, happened, chance)


def _log_in(sim: Simulator, happened: TenantHistory, chance: Random) -> None:
    happened.moved.add(user := _somebody(sim, chance))
    sim.tenant.login(user)


def _create(sim: Simulator, happened: TenantHistory, chance: Random) -> None:
    """A user, now and then under the id of one who was deleted."""
    again = chance.choice(happened.deleted) if happened.deleted and chance.random() < 0.3 else ""
    known: dict[str, Any] = {"user_id": again} if again and again not in sim.tenant.users else {}
    happened.moved.add(sim.tenant.create_user(**known))


def _delete(sim: Simulator, happened: TenantHistory, chance: Random) -> None:
    happened.moved.add(user := _somebody(sim, chance))
    happened.deleted.append(user)
    late = chance.choice([0.0, 2.0])
    sim.clock.advance(late + 0.01)  # what the user did before was before the deletion, whose events are late
    sim.tenant.delete_user(user, events=chance.choice(["both", "sdu", "sapi"]), late=late)


def _enroll(sim: Simulator, happened: TenantHistory, chance: Random) -> None:
    """A factor that the log alone tells of."""
    happened.moved.add(user := _somebody(sim, chance))
    known = {"type": "totp", "confirmed": True, "created_at": "2026-01-01T00:00:00.000Z"}
    sim.tenant.rows(METHODS, user).append({"id": f"totp|new_{len(sim.tenant.log)}", **known})
    sim.tenant.log.add("gd_enrollment_complete", user_id=user)


def _write(sim: Simulator, _: TenantHistory, chance: Random) -> None:
    sim.tenant.log_api_write("patch", f"/clients/c{chance.randrange(99)}")


def _be_late(sim: Simulator, _: TenantHistory, chance: Random) -> None:
    sim.tenant.log.add(chance.choice("sfw"), late=chance.choice([0.5, 5.0, 300.0, 5000.0]))


def _somebody(sim: Simulator, chance: Random) -> str:
    users = sim.tenant.users
    while (user := users.at(chance.randrange(users.seeded))) is None:
        pass
    return user
