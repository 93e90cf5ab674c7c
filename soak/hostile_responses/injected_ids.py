"""Ids, checkpoints and column names that cause injection if they are used unescaped."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from soak.hostile_responses.trial_tenant import TrialTenant, count_sync
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
    tally = Tally("ids of parents: slashes, dots, line breaks, templates, other hosts")
    for text in texts or TEXTS:
        done = tenant.sync("organization_members", _with_id(text))
        count_sync(tally, done, f"an id {text[:40]!r}")
        for _, target in tenant.proxy.requests:
            path = urlsplit(target).path
            below = path.removeprefix("/api/v2/organizations").removeprefix("/").removesuffix("/members")
            expected_id = text.replace("\ud83d", "\ufffd")
            if not path.startswith("/api/v2/organizations") or (
                below and (unquote(below) != expected_id or "/" in below)
            ):
                tally.complaints.append(f"an id {text[:40]!r} led to {target[:200]!r}")
    return tally


def cursors(tenant: TrialTenant, texts: list[str] | None = None) -> Tally:
    """A tally for checkpoints: each has to be sent back unchanged, and one that repeats must not be followed."""
    tally = Tally("checkpoints: the same, and the same ones again")
    for text in texts or TEXTS:
        done = tenant.sync("organizations", _with_checkpoint(text))
        count_sync(tally, done, f"a checkpoint {text[:40]!r}")
        checkpoints = [query["from"][0] for query in map(_query, tenant.proxy.requests) if "from" in query]
        if set(checkpoints) - {text.replace("\ud83d", "\ufffd")} or len(checkpoints) > 3:
            tally.complaints.append(f"a checkpoint {text[:40]!r} was handed back as {checkpoints[:4]!r}")
        if done.succeeded:
            tally.losses += 1
            tally.complaints.append(f"a checkpoint {text[:40]!r} was followed for ever, or left")
    return tally


def columns(tenant: TrialTenant) -> Tally:
    """A tally for attribute names at the root of a user, where identity providers may put any."""
    tally = Tally("names of columns: attributes at the root of a user")
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
    done = tenant.sync("users", _with_attributes(dict.fromkeys(names, "2026-01-01T00:00:00Z")))
    count_sync(tally, done, "names of any kind")
    many = tenant.sync("users", _with_attributes({f"attribute_{number}": number for number in range(3000)}))
    count_sync(tally, many, "three thousand names")
    if not done.succeeded or len(done.rows) != 30 or len(many.rows) != 30:
        tally.losses += 30
        tally.complaints.append(f"{len(done.rows)} and {len(many.rows)} of 30 users came")
    for row in done.rows:
        if "_ab_cdc_deleted_at" in row or not str(row["user_id"]).count("|"):
            tally.complaints.append(f"a profile decides on {sorted(row)[:9]}")
    return tally


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
