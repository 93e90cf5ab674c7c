"""Malformed export jobs and files."""

import gzip
import json
from collections.abc import Callable

from soak.hostile_responses.comparison.compared_syncs import ComparedSyncs
from soak.hostile_responses.trial_tenant import TrialTenant
from soak.tally import Tally
from testing.servers.intercepting_proxy import RawResponse, UpstreamResponse

HEAD = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"
USER = {"user_id": "auth0|1", "updated_at": "2026-01-01T00:00:00.000Z", "created_at": "2026-01-01T00:00:00.000Z"}
FILE = "/user-exports/hostile"


def _line(**more: object) -> bytes:
    return json.dumps({**USER, **more}).encode() + b"\n"


def contents() -> dict[str, bytes]:
    """Name to the bytes of an export file."""
    two_members = gzip.compress(_line()) + gzip.compress(_line(user_id="auth0|2"))
    return {
        "nothing": b"",
        "no gzip": b"[]",
        "an empty gzip": gzip.compress(b""),
        "half of a gzip": gzip.compress(_line() * 99)[:40],
        "a wrong checksum": gzip.compress(_line())[:-8] + b"\0" * 8,
        "two members": two_members,
        "padding of zeros": two_members + b"\0" * 5000,
        "more behind its end": two_members + b"more",
        "lines that are no JSON": gzip.compress(b"user\n" * 99),
        "lines that are no users": gzip.compress(b"[]\n7\nnull\n"),
        "users without an id": gzip.compress(b"{}\n" * 99),
        "users of other types": gzip.compress(_line(user_id=[], updated_at=7, identities="x", email={"a": 1})),
        "half of a surrogate pair": gzip.compress(_line(name="\ud83d", nickname="\udc00x\ud83d\ude00")),
        "no UTF-8": gzip.compress(_line().replace(b"auth0", b"\xff\xfe")),
        "a line of many levels": gzip.compress(b"[" * 100_000 + b"\n"),
        "a user of many levels": gzip.compress(_line(x="@").replace(b'"@"', b"[" * 400 + b"]" * 400)),
        "a line without an end": gzip.compress(b'{"a": "' + b"x" * (20 << 20)),
        "a gigabyte of blanks": gzip.compress(b" " * (64 << 20)) * 16,
        "line ends of another kind": gzip.compress(_line().replace(b"\n", b"\r\n") * 3),
        "names that are none": gzip.compress(_line(**{"": 1, "\0": 2, "_ab_cdc_deleted_at": "2026-01-01T00:00:00Z"})),
    }


def jobs() -> dict[str, dict[str, object]]:
    """Name to the fields of a completed job that are replaced."""
    return {
        "a job that is elsewhere": {"location": "ftp://nowhere.invalid/"},
        "an address that is none": {"location": "https://[bad"},
        "an address with a line break": {"location": "https://nowhere.invalid/\r\nx: y"},
        "an address of this machine's files": {"location": "file:///etc/passwd"},
        "an address that is a list": {"location": ["https://nowhere.invalid/"]},
        "an id of two dots": {"id": "../clients"},
        "an id that is a number": {"id": 7},
        "a time that is none": {"created_at": "soon"},
        "a time to come": {"created_at": "9999-12-31T23:59:59.999Z"},
        "a status that is none": {"status": {"a": 1}, "status_details": ["\n" * 9000]},
        "details in many lines": {"status": "failed", "status_details": "\n{}\0" * 9000},
    }


#: The ids of the users in the files that can be read; none may be lost. All other files have to be refused.
READABLE: dict[str, frozenset[str]] = {
    "an empty gzip": frozenset(),
    "two members": frozenset({"auth0|1", "auth0|2"}),
    "padding of zeros": frozenset({"auth0|1", "auth0|2"}),
    "half of a surrogate pair": frozenset({"auth0|1"}),
    "a user of many levels": frozenset({"auth0|1"}),
    "line ends of another kind": frozenset({"auth0|1"}),
    "names that are none": frozenset({"auth0|1"}),
}


def exports(tenant: TrialTenant, names: list[str] | None = None) -> Tally:
    """A tally for first loads by export."""
    syncs = ComparedSyncs(tenant, "exports: jobs, links and files of any kind, a gzip that unpacks to a gigabyte")
    for name, content in contents().items():
        if names is None or name in names:
            _try(syncs, tenant, name, {"location": f"{tenant.proxy.base_url}{FILE}"}, content)
    for name, changes in jobs().items() if names is None else ():
        _try(syncs, tenant, name, changes, b"")
    return syncs.finished()


def _try(syncs: ComparedSyncs, tenant: TrialTenant, name: str, changes: dict[str, object], content: bytes) -> None:
    tally = syncs.tally
    told = [{**USER, "user_id": user} for user in READABLE.get(name, ())]
    lacking = "users whom the export's file lacks" if name in READABLE else ""
    # An export lacks the attributes at a user's root, which a search has.
    searched = tenant.clean_rows("users")
    # A job that never completes times out after eight hours, which takes a while even with a fast clock.
    for mode in ("export", "export_only"):
        rewrite = _rewritten_export(changes, content)
        what = f"{name}, {mode}"
        done = syncs.run("users", rewrite, what, told=told, lacking=lacking, or_as=searched, users_initial_load=mode)
        targets = [target for _, target in tenant.proxy.requests if not target.startswith(("/api/v2/", FILE))]
        if targets:
            tally.complaints.append(f"{name}: requests went to {targets[:3]}")
        if deleted := [row for row in done.rows if "_ab_cdc_deleted_at" in row]:
            tally.complaints.append(f"{name}: users are said to be deleted: {deleted[:1]}")


def _rewritten_export(changes: dict[str, object], content: bytes) -> Callable[[UpstreamResponse], RawResponse]:
    def rewrite(upstream: UpstreamResponse) -> RawResponse:
        if upstream.target.startswith(FILE):
            return HEAD + content
        if upstream.target.startswith("/api/v2/jobs/") and upstream.status == 200 and upstream.method == "GET":
            job = json.loads(upstream.body)
            if job.get("status") == "completed":
                return upstream.raw(json.dumps({**job, **changes}).encode())
        return upstream.raw()

    return rewrite
