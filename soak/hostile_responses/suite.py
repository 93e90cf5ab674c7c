"""Answers that no tenant sends: each one is read as far as it goes or refused with a sentence, within bounds."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from auth0_simulator import Simulator
from soak.hostile_responses.event_streams import events
from soak.hostile_responses.export_files import exports
from soak.hostile_responses.injected_ids import columns, cursors, ids
from soak.hostile_responses.intercepting_proxy import TOKEN_PATH, InterceptingProxy, UpstreamResponse
from soak.hostile_responses.malformed_framing import malformed_responses
from soak.hostile_responses.memory_limits import memory
from soak.hostile_responses.response_fuzzing import RESPONSE_FUZZERS, ResponseFuzzer
from soak.hostile_responses.trial_tenant import SPEED, TrialTenant, count_sync, examples_of, rewrite_at
from soak.tally import Tally
from testing.fast_clock import fast_clock

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
    with (
        Simulator(users=30, organizations=2, log_events=60, seed=seed) as sim,
        InterceptingProxy(sim.base_url) as intruder,
    ):
        stage = TrialTenant(sim, intruder)
        with fast_clock(SPEED):
            yield bodies(stage, seed, examples)
            yield tokens(stage, seed, examples // 4)
            yield framing(stage)
            yield exports(stage)
            yield events(stage)
        yield ids(stage)
        yield cursors(stage)
        yield columns(stage)
    yield from memory()


def bodies(stage: TrialTenant, seed: int, examples: int) -> Tally:
    """A line for bodies, headers and statuses of all archetypes' answers."""
    tally = Tally("bodies, headers and statuses: values, names and whole answers of any kind")
    times = st.sampled_from(["all", "first", "second", "third"])

    @examples_of(seed, examples)
    @given(st.sampled_from(sorted(STREAMS)), times, RESPONSE_FUZZERS)
    def attack(stream: str, when: str, tampering: ResponseFuzzer) -> None:
        done = stage.sync(stream, rewrite_at(STREAMS[stream], when, tampering.of))
        count_sync(tally, done, f"{stream}, {when}, {tampering}")

    attack()
    return tally


def tokens(stage: TrialTenant, seed: int, examples: int, names: list[str] | None = None) -> Tally:
    """A line for answers of the token endpoint."""
    tally = Tally("the token endpoint's answers")

    @examples_of(seed, examples)
    @given(RESPONSE_FUZZERS)
    def attack(tampering: ResponseFuzzer) -> None:
        done = stage.sync("roles", rewrite_at(TOKEN_PATH, "all", tampering.of))
        count_sync(tally, done, str(tampering))

    attack()
    for name, answer in malformed_responses().items():
        if names is None or name in names:
            count_sync(tally, stage.sync("roles", rewrite_at(TOKEN_PATH, "all", answer)), name)
    return tally


def framing(stage: TrialTenant, names: list[str] | None = None) -> Tally:
    """A line for answers that are broken below their headers; none of them may count as a list that is shorter."""
    tally = Tally("broken framing: lengths, chunks, encodings, beginnings and ends")
    honest = len(stage.sync("roles", UpstreamResponse.raw).rows)
    for name, answer in malformed_responses().items():
        for when in ("all", "first") if names is None or name in names else ():
            done = stage.sync("roles", rewrite_at(STREAMS["roles"], when, answer))
            count_sync(tally, done, f"{name}, {when}")
            if done.succeeded and len(done.rows) != honest:
                tally.losses += abs(honest - len(done.rows))
                tally.complaints.append(f"{name}, {when}: {len(done.rows)} of {honest} rows came")
    return tally
