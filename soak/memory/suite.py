"""The peak memory of ten million memberships, and of a round over two million users."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from soak.memory.formula_tenant import BITS, TenantSize, number_of, serve, user_id
from soak.memory.measured_sync import MeasuredSync, measure
from soak.tally import Tally
from testing.in_process import catalog_of
from testing.tenants import config_for, in_subprocess

WORKERS = 16
#: Where the name of its stream begins in a RECORD message.
STREAM_AT = len(b'{"type":"RECORD","record":{"stream":"')
#: What a sync may take, whatever the tenant's size.
MAX_MEGABYTES = 512
#: Streams of the same pages, of which each member is a row, with a role in the second and the third.
MEMBERSHIPS = ("organization_members", "organization_member_roles", "organization_role_members")
ORGANIZATIONS, MEMBERS, USERS = 4, 2_500_000, 2_000_000
#: Members of each organization where three streams read them.
SHARED_MEMBERS = 250_000
#: Users whose roles are read before the sync is told to stop: each is a request, and the walk over all of them is not
#: what is measured. Users behind the last one that a state says was read.
USERS_READ, USERS_LEFT = 20_000, 1_000
#: Those who were updated in the minutes before the first round began are read again by the next one.
MAX_LOOK_BACK_USERS = 100


def suite(seed: int) -> Iterator[Tally]:  # noqa: ARG001 - nothing is random here
    """Many members in few organizations; a first round over many users that is stopped, and the end of one."""
    yield memberships(TenantSize(organizations=ORGANIZATIONS, members=MEMBERS), MEMBERSHIPS[:1])
    yield memberships(TenantSize(organizations=ORGANIZATIONS, members=SHARED_MEMBERS))
    yield from user_rounds(USERS, USERS_READ, USERS_LEFT)


def memberships(size: TenantSize, streams: Sequence[str] = MEMBERSHIPS) -> Tally:
    """All members of all organizations, each as a row of every stream."""
    number = size.organizations * size.members
    seen = {stream.encode(): bytearray(number) for stream in streams}
    with in_subprocess(serve, size) as pipe:
        config = _config(pipe.recv())
        done = measure(config, catalog_of(*streams, full_refresh=True), each=partial(_mark, seen))
    tally = _tally(f"{number:,} memberships, by {len(streams)} stream{'s' * (len(streams) > 1)}", done)
    tally.losses = sum(one.count(0) for one in seen.values())
    if repeated := tally.records - sum(number - one.count(0) for one in seen.values()):
        tally.complaints.append(f"{repeated:,} rows came twice")
    return tally


def user_rounds(users: int, users_read: int, users_left: int) -> Iterator[Tally]:
    """The roles of the first of all users, then of the last ones, from a state that says that others were read."""
    catalog = catalog_of("user_roles")
    with in_subprocess(serve, TenantSize(users=users)) as pipe:
        config, came = _config(pipe.recv()), set[str]()
        first = measure(config, catalog, each=lambda line: came.add(_user_of(line)), ends_after=users_read)
        tally = _tally(f"a round over {users:,} users, stopped after {users_read:,}", first)
        tally.losses = max(users_read - len(came), 0)
        yield tally
        ids = sorted(map(user_id, range(users)))
        due, came = set(ids[-users_left:]), set()
        state = _state_after(first, ids[-users_left - 1])
        last = measure(config, catalog, [state] if state else [], each=lambda line: came.add(_user_of(line)))
        tally = _tally(f"the same round's last {users_left:,} users", last)
        tally.losses = len(due - came)
        if len(came - due) > MAX_LOOK_BACK_USERS:
            tally.complaints.append(f"{len(came - due):,} users were read again")
        yield tally


def _tally(tried: str, done: MeasuredSync) -> Tally:
    tally = Tally(tried, runs=1, records=sum(done.rows.values()), hangs=int(done.code is None))
    tally.more, tally.complaints = f"{done.megabytes:.0f} MB at most", list(done.errors)
    if done.megabytes > MAX_MEGABYTES:
        tally.complaints.append(f"{done.megabytes:.0f} MB, of {MAX_MEGABYTES} allowed")
    return tally


def _mark(seen: Mapping[bytes, bytearray], line: bytes) -> None:
    """Mark a member as seen in a stream, by the digits of the id."""
    stream = line[STREAM_AT : line.index(b'"', STREAM_AT)]
    start = line.index(b'"user_id":"auth0|') + len(b'"user_id":"auth0|')
    seen[stream][number_of(line[start : start + BITS // 4])] = 1


def _user_of(line: bytes) -> str:
    return str(json.loads(line)["record"]["data"]["user_id"])


def _state_after(done: MeasuredSync, asked: str) -> dict[str, Any] | None:
    """The state that a sync left, as if it had read all users up to this one."""
    state = done.state
    if state is not None:
        state["stream"]["stream_state"]["open"] |= {"asked": asked, "left": []}
    return state


def _config(base_url: str) -> dict[str, Any]:
    secret = "made-up-client-secret-of-nobody"  # noqa: S105 - the tenant lets everybody in
    return config_for(base_url, f"{base_url}/api/v2/", "made-up-client-id", secret, num_workers=WORKERS)
