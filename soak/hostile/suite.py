"""Answers that no tenant sends: each one is read as far as it goes or refused with a sentence, within bounds."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from auth0_simulator import Simulator
from soak.hostile.answers import TAMPERINGS, Tampering
from soak.hostile.events import events
from soak.hostile.exports import exports
from soak.hostile.ids import columns, cursors, ids
from soak.hostile.memory import memory
from soak.hostile.raw import raw_answers
from soak.hostile.server import TOKEN, Honest, Intruder
from soak.hostile.stage import SPEED, Stage, at, count, many
from soak.hurry import hurried
from soak.tally import Tally

#: A stream of each archetype, and the beginning of the paths whose answers are tampered with.
STREAMS = {
    "roles": "/api/v2/roles",
    "clients": "/api/v2/clients",
    "organizations": "/api/v2/organizations",
    "organization_members": "/api/v2/organizations/",
    "organization_member_roles": "/api/v2/organizations",
    "tenant_settings": "/api/v2/tenants",
    "forms": "/api/v2/forms",
    "connection_status": "/api/v2/connections/",
    "users": "/api/v2/users",
    "logs": "/api/v2/logs",
    "changes": "/api/v2/logs",
    "user_deletions": "/api/v2/logs",
    "user_roles": "/api/v2/users",
    "user_sessions": "/api/v2/users/",
}


def suite(seed: int, examples: int = 1000) -> Iterator[Tally]:
    """A line for each way in which an answer can be hostile."""
    with Simulator(users=30, organizations=2, log_events=60, seed=seed) as sim, Intruder(sim.base_url) as intruder:
        stage = Stage(sim, intruder)
        with hurried(SPEED):
            yield bodies(stage, seed, examples)
            yield tokens(stage, seed, examples // 4)
            yield framing(stage)
            yield exports(stage)
            yield events(stage)
        yield ids(stage)
        yield cursors(stage)
        yield columns(stage)
    yield from memory()


def bodies(stage: Stage, seed: int, examples: int) -> Tally:
    """A line for bodies, headers and statuses of all archetypes' answers."""
    tally = Tally("bodies, headers and statuses: values, names and whole answers of any kind")
    times = st.sampled_from(["all", "first", "second", "third"])

    @many(seed, examples)
    @given(st.sampled_from(sorted(STREAMS)), times, TAMPERINGS)
    def attack(stream: str, when: str, tampering: Tampering) -> None:
        done = stage.sync(stream, at(STREAMS[stream], when, tampering.of))
        count(tally, done, f"{stream}, {when}, {tampering}")

    attack()
    return tally


def tokens(stage: Stage, seed: int, examples: int, names: list[str] | None = None) -> Tally:
    """A line for answers of the token endpoint."""
    tally = Tally("the token endpoint's answers")

    @many(seed, examples)
    @given(TAMPERINGS)
    def attack(tampering: Tampering) -> None:
        done = stage.sync("roles", at(TOKEN, "all", tampering.of))
        count(tally, done, str(tampering))

    attack()
    for name, answer in raw_answers().items():
        if names is None or name in names:
            count(tally, stage.sync("roles", at(TOKEN, "all", answer)), name)
    return tally


def framing(stage: Stage, names: list[str] | None = None) -> Tally:
    """A line for answers that are broken below their headers; none of them may count as a list that is shorter."""
    tally = Tally("broken framing: lengths, chunks, encodings, beginnings and ends")
    honest = len(stage.sync("roles", Honest.raw).rows)
    for name, answer in raw_answers().items():
        for when in ("all", "first") if names is None or name in names else ():
            done = stage.sync("roles", at(STREAMS["roles"], when, answer))
            count(tally, done, f"{name}, {when}")
            if done.ended_well and len(done.rows) != honest:
                tally.losses += abs(honest - len(done.rows))
                tally.complaints.append(f"{name}, {when}: {len(done.rows)} of {honest} rows came")
    return tally
