"""Ids, checkpoints and column names that cause injection if they are used unescaped."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from soak.hostile_responses.comparison.compared_syncs import ComparedSyncs
from soak.hostile_responses.trial_tenant import TrialTenant
from soak.tally import Tally
from testing.servers.intercepting_proxy import UpstreamResponse

#: Texts used as an id or a checkpoint; the tenant knows none of them.
TEXTS = [
    *("a/b", "../clients", "..%2fclients", "..", ".", "/", "//evil.example/", "a?fields=x", "a#b", "a%2Fb", "a%00"),
    *("a\nb", "a\r\nX-Injected: 1", "a\0b", "a b", "\tx", "\u00fc", "\N{PILE OF POO}", "\u202e", "{{ config }}"),
    *("{% raw %}", "{{ 1/0 }}", "0x10", "1_000", "[1, 2]", "None", "True", "'", '"', "\\", ";", "&take=1", "@", ":"),
    *("%", "%zz", "+", "a" * 3000, "https://evil.example/", "\ud83d", "1e400", "__import__('os')"),
]


def ids(tenant: TrialTenant, texts: list[str] | None = None) -> Tally:
    """A tally for parents' ids: under each, only the path of its own children may be requested."""
    syncs = ComparedSyncs(tenant, "ids of parents: slashes, dots, line breaks, templates, other hosts")
    tally = syncs.tally
    for text in texts or TEXTS:
        # The tenant has no such organization, so no member of any may come.
        syncs.run("organization_members", _with_id(text), f"an id {text[:40]!r}", expected=[])
        for _, target in tenant.proxy.requests:
            path = urlsplit(target).path
            below = path.removeprefix("/api/v2/organizations").removeprefix("/").removesuffix("/members")
            expected_id = text.replace("\ud83d", "\ufffd")
            if not path.startswith("/api/v2/organizations") or (
                below and (unquote(below) != expected_id or "/" in below)
            ):
                tally.complaints.append(f"an id {text[:40]!r} led to {target[:200]!r}")
    return syncs.finished()


def cursors(tenant: TrialTenant, texts: list[str] | None = None) -> Tally:
    """A tally for checkpoints: each has to be sent back unchanged, and one that repeats must not be followed."""
    syncs = ComparedSyncs(tenant, "checkpoints: the same, and the same ones again")
    tally = syncs.tally
    for text in texts or TEXTS:
        told = [{"id": f"org_{number}"} for number in range(9)]
        done = syncs.run("organizations", _with_checkpoint(text), f"a checkpoint {text[:40]!r}", told)
        checkpoints = [query["from"][0] for query in map(_query, tenant.proxy.requests) if "from" in query]
        if set(checkpoints) - {text.replace("\ud83d", "\ufffd")} or len(checkpoints) > 3:
            tally.complaints.append(f"a checkpoint {text[:40]!r} was handed back as {checkpoints[:4]!r}")
        if done.succeeded:
            tally.losses += 1
            tally.complaints.append(f"a checkpoint {text[:40]!r} was followed for ever, or left")
    return syncs.finished()


def columns(tenant: TrialTenant) -> Tally:
    """A tally for attribute names at the root of a user, where identity providers may put any."""
    syncs = ComparedSyncs(tenant, "names of columns: attributes at the root of a user")
    tally = syncs.tally
    names = [
        *TEXTS,
        "",
        "_ab_cdc_deleted_at",
        "_airbyte_raw_id",
        "additional_attributes",
        "__proto__",
        "lines",
        "read_at",
    ]
    attributes: dict[str, object] = dict.fromkeys(names, "2026-01-01T00:00:00Z")
    done = syncs.run("users", _with_attributes(attributes), "names of any kind")
    many = syncs.run("users", _with_attributes({f"attribute_{n}": n for n in range(3000)}), "three thousand names")
    if not done.succeeded or not many.succeeded:
        tally.complaints.append(f"a sync failed: {done.errors} {many.errors}"[:500])
    for row in done.rows:
        if "_ab_cdc_deleted_at" in row or not str(row["user_id"]).count("|"):
            tally.complaints.append(f"a profile decides on {sorted(row)[:9]}")
    return syncs.finished()


def _with_id(text: str) -> Callable[[UpstreamResponse], bytes]:
    def rewrite(upstream: UpstreamResponse) -> bytes:
        if urlsplit(upstream.target).path != "/api/v2/organizations":
            return upstream.raw()
        body = json.loads(upstream.body)
        rows = body["organizations"] if isinstance(body, dict) else body
        rows[0]["id"] = text
        del rows[1:]
        return upstream.raw(json.dumps(body).encode())

    return rewrite


def _with_checkpoint(text: str) -> Callable[[UpstreamResponse], bytes]:
    def rewrite(upstream: UpstreamResponse) -> bytes:
        body = {"organizations": [{"id": f"org_{upstream.number}"}], "next": text}
        return (
            upstream.raw(json.dumps(body).encode(), status=200)
            if "organizations" in upstream.target
            else upstream.raw()
        )

    return rewrite


def _with_attributes(attributes: dict[str, object]) -> Callable[[UpstreamResponse], bytes]:
    def rewrite(upstream: UpstreamResponse) -> bytes:
        if not upstream.target.startswith("/api/v2/users"):
            return upstream.raw()
        body = json.loads(upstream.body)
        body["users"] = [{**attributes, **row} for row in body["users"]]
        return upstream.raw(json.dumps(body).encode())

    return rewrite


def _query(request: tuple[str, str]) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request[1]).query, keep_blank_values=True)
