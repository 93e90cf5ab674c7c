"""The file of an export: gzipped JSON Lines, generated in chunks.

Exportable attributes: https://auth0.com/docs/manage-users/user-accounts/user-profiles/user-profile-structure
Guesses: a field that cannot be exported, or that a user does not have, is omitted; `export_as` renames in JSON too;
a dotted name becomes a key of that name; identity providers' tokens are exported where `GET /users` shows them;
the users are in no order; without `fields` the attributes are those of DEFAULT_EXPORT_FIELDS.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from auth0_simulator.exports.store import ExportJob
from auth0_simulator.state.identities import without_idp_tokens
from auth0_simulator.wire.messages import GZIP_WINDOW_BITS
from auth0_simulator.wire.rows import Row, encode_row

# Few enough that a chunk takes about two milliseconds, during which other connections wait.
USERS_PER_CHUNK = 64
UNEXPORTABLE_FIELDS = frozenset({"blocked_for", "guardian_authenticators", "tenant"})
DEFAULT_EXPORT_FIELDS = (
    *("user_id", "email", "email_verified", "name", "given_name", "family_name", "nickname", "picture"),
    *("username", "phone_number", "phone_verified", "created_at", "updated_at"),
)
_STEP = re.compile(r"[^.\[\]]+")
# Coprime to nearly every number of users; otherwise the next coprime number is taken.
STRIDE = 618_033_989


def export_file_chunks(job: ExportJob, share: float = 1.0, *, complete_gzip: bool = True) -> Iterator[bytes]:
    """The chunks of the file; some are empty.

    A `share` below 1 truncates the file after that part of the users: amid a line, with `complete_gzip` in a valid gzip
    stream, otherwise amid the gzip stream.
    """
    compressor = zlib.compressobj(1, zlib.DEFLATED, GZIP_WINDOW_BITS)
    lines: list[bytes] = []
    for count, line in enumerate(_lines(job, share), 1):
        lines.append(line)
        if count % USERS_PER_CHUNK == 0:
            yield compressor.compress(b"".join(lines))
            lines.clear()
    rest = b"".join(lines)
    if share >= 1:
        yield compressor.compress(rest) + compressor.flush()
    elif complete_gzip:
        yield compressor.compress(rest[: len(rest) - len(rest) // 3 - 2]) + compressor.flush()
    else:
        yield compressor.compress(rest) + compressor.flush(zlib.Z_SYNC_FLUSH)


def _lines(job: ExportJob, share: float) -> Iterator[bytes]:
    """A line for each user of the job, and an empty one for each user that is left out."""
    project = _projection(job)
    remaining = job.request.get("limit", math.inf)
    snapshot = job.snapshot
    for number in range(math.ceil(min(snapshot.slots, remaining) * share) if share < 1 else snapshot.slots):
        if remaining <= 0:
            return
        row = snapshot.row(number * _stride(snapshot.slots) % snapshot.slots)
        if row is None or (job.connection is not None and not _is_of_connection(row, job.connection)):
            yield b""
            continue
        remaining -= 1
        yield encode_row(project(row)) + b"\n"


def _is_of_connection(row: Row, connection: str) -> bool:
    return any(identity["connection"] == connection for identity in row["identities"])


def _stride(slots: int) -> int:
    stride = STRIDE
    while math.gcd(stride, slots) != 1:
        stride += 1
    return stride


def _projection(job: ExportJob) -> Callable[[Row], Row]:
    requested = job.request.get("fields") or [{"name": name} for name in DEFAULT_EXPORT_FIELDS]
    columns = [(entry["name"], entry.get("export_as", entry["name"])) for entry in requested]
    columns = [
        (name, key) for name, key in columns if _STEP.findall(name)[:1] and _root(name) not in UNEXPORTABLE_FIELDS
    ]
    tokens = job.tokens or not any(_root(name) == "identities" for name, _ in columns)

    def project(row: Row) -> Row:
        shown = row if tokens else without_idp_tokens(row)
        line: Row = {}
        for name, key in columns:
            if name in shown:
                line[key] = shown[name]
            elif (value := _value_at(shown, name)) is not None:
                line[key] = value
        return line

    return project


def _root(name: str) -> str:
    return str(_STEP.findall(name)[0])


def _value_at(row: Row, name: str) -> Any:
    """The value at a path such as `identities[0].connection`; None if there is none."""
    if "." not in name and "[" not in name:
        return None
    value: Any = row
    for step in _STEP.findall(name):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
