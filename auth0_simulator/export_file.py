"""The file of an export: gzipped lines of JSON, made piece by piece.

Exportable attributes: https://auth0.com/docs/manage-users/user-accounts/user-profiles/user-profile-structure
Guesses: a name that is not exportable, or that a user lacks, is left out of the line; `export_as` renames in JSON too;
a dotted name becomes a key of that very name; identity providers' tokens are exported where `GET /users` shows them;
the users come in no order; without `fields` the attributes are those of PREDEFINED.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from auth0_simulator.accounts import Row, without_tokens
from auth0_simulator.exports import Job
from auth0_simulator.message import GZIP_WINDOW
from auth0_simulator.profiles import encode

# Few enough that a piece takes some two milliseconds, which others can wait.
PIECE = 64
NOT_EXPORTABLE = frozenset({"blocked_for", "guardian_authenticators", "tenant"})
PREDEFINED = (
    *("user_id", "email", "email_verified", "name", "given_name", "family_name", "nickname", "picture"),
    *("username", "phone_number", "phone_verified", "created_at", "updated_at"),
)
_STEP = re.compile(r"[^.\[\]]+")
# Coprime to nearly every number of users; the next number that is coprime is taken.
STRIDE = 618_033_989


def pieces(job: Job, share: float = 1.0, *, whole: bool = True) -> Iterator[bytes]:
    """The bytes of the file, some of them empty.

    `share` ends the file after that part of the users: amid a line in a sound gzip when `whole`, amid the gzip if not.
    """
    compressor = zlib.compressobj(1, zlib.DEFLATED, GZIP_WINDOW)
    lines: list[bytes] = []
    for count, line in enumerate(_lines(job, share), 1):
        lines.append(line)
        if count % PIECE == 0:
            yield compressor.compress(b"".join(lines))
            lines.clear()
    rest = b"".join(lines)
    if share >= 1:
        yield compressor.compress(rest) + compressor.flush()
    elif whole:
        yield compressor.compress(rest[: len(rest) - len(rest) // 3 - 2]) + compressor.flush()
    else:
        yield compressor.compress(rest) + compressor.flush(zlib.Z_SYNC_FLUSH)


def _lines(job: Job, share: float) -> Iterator[bytes]:
    """A line for each user of the job, and an empty one for each that it passes over."""
    project = _projection(job)
    left = job.request.get("limit", math.inf)
    snapshot = job.snapshot
    for number in range(math.ceil(min(snapshot.slots, left) * share) if share < 1 else snapshot.slots):
        if left <= 0:
            return
        row = snapshot.row(number * _stride(snapshot.slots) % snapshot.slots)
        if row is None or (job.connection is not None and not _belongs(row, job.connection)):
            yield b""
            continue
        left -= 1
        yield encode(project(row)) + b"\n"


def _belongs(row: Row, connection: str) -> bool:
    return any(identity["connection"] == connection for identity in row["identities"])


def _stride(slots: int) -> int:
    stride = STRIDE
    while math.gcd(stride, slots) != 1:
        stride += 1
    return stride


def _projection(job: Job) -> Callable[[Row], Row]:
    asked = job.request.get("fields") or [{"name": name} for name in PREDEFINED]
    wanted = [(entry["name"], entry.get("export_as", entry["name"])) for entry in asked]
    wanted = [(name, key) for name, key in wanted if _STEP.findall(name)[:1] and _root(name) not in NOT_EXPORTABLE]
    tokens = job.tokens or not any(_root(name) == "identities" for name, _ in wanted)

    def project(row: Row) -> Row:
        shown = row if tokens else without_tokens(row)
        line: Row = {}
        for name, key in wanted:
            if name in shown:
                line[key] = shown[name]
            elif (value := _at(shown, name)) is not None:
                line[key] = value
        return line

    return project


def _root(name: str) -> str:
    return str(_STEP.findall(name)[0])


def _at(row: Row, name: str) -> Any:
    """The value at a path such as `identities[0].connection`; None where there is none."""
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
