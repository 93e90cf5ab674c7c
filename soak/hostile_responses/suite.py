"""Malformed and hostile responses: each is read as far as valid or rejected with a clear message, within limits."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from soak.hostile_responses.comparison.compared_syncs import ComparedSyncs
from soak.hostile_responses.event_streams import events
from soak.hostile_responses.export_files import exports
from soak.hostile_responses.injected_ids import columns, cursors, ids
from soak.hostile_responses.malformed_framing import malformed_responses
from soak.hostile_responses.memory_limits import memory
from soak.hostile_responses.response_fuzzing import RESPONSE_FUZZERS, ResponseFuzzer
from soak.hostile_responses.trial_tenant import SPEED, TrialTenant, examples_of, rewrite_at, trial_tenant
from soak.tally import Tally
from testing.fast_clock import fast_clock
from testing.servers.intercepting_proxy import TOKEN_PATH

#: A stream of each archetype to the prefix of the paths whose responses are rewritten.
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
    """A tally for each kind of hostile response."""
    with trial_tenant(seed) as tenant:
        with fast_clock(SPEED):
            yield bodies(tenant, seed, examples)
            yield tokens(tenant, seed, examples // 4)
            yield framing(tenant)
            yield exports(tenant)
            yield events(tenant)
        yield ids(tenant)
        yield cursors(tenant)
        yield columns(tenant)
    yield from memory()


def bodies(tenant: TrialTenant, seed: int, examples: int) -> Tally:
    """A tally for fuzzed bodies, headers and statuses of all archetypes' responses."""
    syncs = ComparedSyncs(tenant, "bodies, headers and statuses: values, names and whole answers of any kind")
    times = st.sampled_from(["all", "first", "second", "third"])

    @examples_of(seed, examples)
    @given(st.sampled_from(sorted(STREAMS)), times, RESPONSE_FUZZERS)
    def attack(stream: str, when: str, fuzzer: ResponseFuzzer) -> None:
        syncs.run(stream, rewrite_at(STREAMS[stream], when, fuzzer.of), f"{stream}, {when}, {fuzzer}")

    attack()
    return syncs.finished()


def tokens(tenant: TrialTenant, seed: int, examples: int, names: list[str] | None = None) -> Tally:
    """A tally for responses of the token endpoint; none may cost a row."""
    syncs = ComparedSyncs(tenant, "the token endpoint's answers")

    @examples_of(seed, examples)
    @given(RESPONSE_FUZZERS)
    def attack(fuzzer: ResponseFuzzer) -> None:
        syncs.run("roles", rewrite_at(TOKEN_PATH, "all", fuzzer.of), str(fuzzer))

    attack()
    for name, response in malformed_responses().items():
        if names is None or name in names:
            syncs.run("roles", rewrite_at(TOKEN_PATH, "all", response), name)
    return syncs.finished()


def framing(tenant: TrialTenant, names: list[str] | None = None) -> Tally:
    """A tally for broken framing; none may be read as a shorter list."""
    syncs = ComparedSyncs(tenant, "broken framing: lengths, chunks, encodings, beginnings and ends")
    for name, response in malformed_responses().items():
        for when in ("all", "first", "second") if names is None or name in names else ():
            syncs.run("roles", rewrite_at(STREAMS["roles"], when, response), f"{name}, {when}")
    return syncs.finished()
