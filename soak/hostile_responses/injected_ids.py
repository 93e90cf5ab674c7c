"""Ids, checkpoints and names of columns that lead elsewhere if they are taken as they come."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from soak.hostile_responses.intercepting_proxy import UpstreamResponse
from soak.hostile_responses.trial_tenant import TrialTenant, count_sync
from soak.tally import Tally

#: What an id or a checkpoint may be made of; none of it is known to the tenant.
TEXTS = [
    *("a/b", "../clients", "..%2fclients", "..", ".", "/", "//evil.example/", "a?fields=x", "a#b", "a%2Fb", "a%00"),
    *("a\nb", "a\r\nX-Injected: 1", "a\0b", "a b", "\tx", "\u00fc", "\N{PILE OF POO}", "\u202e", "{{ config }}"),
    *("{% raw %}", "{{ 1/0 }}", "0x10", "1_000", "[1, 2]", "None", "True", "'", '"', "\\", ";", "&take=1", "@", ":"),
    *("%", "%zz", "+", "a" * 3000, "https://evil.example/", "\ud83d", "1e400", "__import__('os')"),
]


def ids(stage: TrialTenant, texts: list[str] | None = None) -> Tally:
    """A line for ids of parents: below each, only its own children's address may be asked."""
    tally = Tally("ids of parents: slashes, dots, line breaks, templates, other hosts")
    for text in texts or TEXTS:
        done = stage.sync("organization_members", _renamed(text))
        count_sync(tally, done, f"an id {text[:40]!r}")
        for _, target in stage.proxy.requests:
            path = urlsplit(target).path
            below = path.removeprefix("/api/v2/organizations").removeprefix("/").removesuffix("/members")
            known = text.replace("\ud83d", "\ufffd")
            if not path.startswith("/api/v2/organizations") or (below and (unquote(below) != known or "/" in below)):
                tally.complaints.append(f"an id {text[:40]!r} led to {target[:200]!r}")
    return tally


def cursors(stage: TrialTenant, texts: list[str] | None = None) -> Tally:
    """A line for checkpoints: each is handed back as it came, and one that repeats is not followed."""
    tally = Tally("checkpoints: the same, and the same ones again")
    for text in texts or TEXTS:
        done = stage.sync("organizations", _followed_by(text))
        count_sync(tally, done, f"a checkpoint {text[:40]!r}")
        asked = [query["from"][0] for query in map(_query, stage.proxy.requests) if "from" in query]
        if set(asked) - {text.replace("\ud83d", "\ufffd")} or len(asked) > 3:
            tally.complaints.append(f"a checkpoint {text[:40]!r} was handed back as {asked[:4]!r}")
        if done.succeeded:
            tally.losses += 1
            tally.complaints.append(f"a checkpoint {text[:40]!r} was followed for ever, or left")
    return tally


def columns(stage: TrialTenant) -> Tally:
    """A line for names at the root of a profile, where identity providers put what they like."""
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
    done = stage.sync("users", _with_attributes(dict.fromkeys(names, "2026-01-01T00:00:00Z")))
    count_sync(tally, done, "names of any kind")
    many = stage.sync("users", _with_attributes({f"attribute_{number}": number for number in range(3000)}))
    count_sync(tally, many, "three thousand names")
    if not done.succeeded or len(done.rows) != 30 or len(many.rows) != 30:
        tally.losses += 30
        tally.complaints.append(f"{len(done.rows)} and {len(many.rows)} of 30 users came")
    for row in done.rows:
        if "_ab_cdc_deleted_at" in row or not str(row["user_id"]).count("|"):
            tally.complaints.append(f"a profile decides on {sorted(row)[:9]}")
    return tally


def _renamed(text: str) -> Callable[[UpstreamResponse], bytes]:
    def tamper(honest: UpstreamResponse) -> bytes:
        if urlsplit(honest.target).path != "/api/v2/organizations":
            return honest.raw()
        body = json.loads(honest.body)
        rows = body["organizations"] if isinstance(body, dict) else body
        rows[0]["id"] = text
        del rows[1:]
        return honest.raw(json.dumps(body).encode())

    return tamper


def _followed_by(text: str) -> Callable[[UpstreamResponse], bytes]:
    def tamper(honest: UpstreamResponse) -> bytes:
        body = {"organizations": [{"id": f"org_{honest.number}"}], "next": text}
        return honest.raw(json.dumps(body).encode(), status=200) if "organizations" in honest.target else honest.raw()

    return tamper


def _with_attributes(more: dict[str, object]) -> Callable[[UpstreamResponse], bytes]:
    def tamper(honest: UpstreamResponse) -> bytes:
        if not honest.target.startswith("/api/v2/users"):
            return honest.raw()
        body = json.loads(honest.body)
        body["users"] = [{**more, **row} for row in body["users"]]
        return honest.raw(json.dumps(body).encode())

    return tamper


def _query(request: tuple[str, str]) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request[1]).query, keep_blank_values=True)
