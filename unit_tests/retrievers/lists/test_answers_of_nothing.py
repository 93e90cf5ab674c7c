"""Every archetype of list, times every answer of nothing, times every position of it: complete, failed, or untold."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase as fnmatch
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.sources.declarative.partition_routers.list_partition_router import ListPartitionRouter
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import ANY, Mocker

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.tenant import Tenant
from source_auth0.records import OtherStreamPage
from source_auth0.retrievers.cursors.work_items import slice_with
from source_auth0.retrievers.lists.lists import (
    CheckpointRetriever,
    ListRetriever,
    PageNumberRetriever,
    UnpagedRetriever,
    WrappedPageNumberRetriever,
)
from source_auth0.retrievers.lists.objects import DetailRetriever, ReachabilityRetriever, SingletonRetriever
from source_auth0.retrievers.lists.organization_members import MemberRolesRetriever, OrganizationMembersRetriever
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.user_lists.changed_users import ChangedUsersCursor, SingleUserWorkItem
from source_auth0.retrievers.user_lists.retrievers import (
    CheckpointUserListRetriever,
    PageNumberUserListRetriever,
    UnpagedUserListRetriever,
)
from source_auth0.retrievers.user_lists.user_pass import UserPass
from testing.fakes.management_api import MakeApi

Answer = dict[str, Any]
GUIDE = Path(__file__).parents[3] / "docs/reliability.md"
ROWS = [{"id": f"t{number}", "number": number} for number in range(5)]
PAGES = [ROWS[:2], ROWS[2:4], ROWS[4:], []]
POSITIONS = ("first", "middle", "last", "after")
#: Every answer of nothing, by its name.
NOTHING: dict[str, Answer] = {
    "204": {"status_code": 204},
    "402": {"status_code": 402, "json": {"message": "Payment required"}},
    "410": {"status_code": 410, "text": "gone"},
    "501": {"status_code": 501, "text": "<html>"},
    "403 of a plan": {"status_code": 403, "json": {"message": "Please upgrade your subscription"}},
    "400 of a feature": {"status_code": 400, "json": {"message": "No", "errorCode": "feature_not_enabled"}},
    "404": {"status_code": 404, "json": {"message": "Not Found"}},
    "no rows": {"json": {"things": []}},
    "no rows, total 0": {"json": {"things": [], "total": 0}},
    "no rows, true total": {"json": {"things": [], "total": 5}},
    "bare []": {"json": []},
    "null for rows": {"json": {"things": None}},
    "{}": {"json": {}},
    "null": {"text": "null"},
    "no body": {"text": ""},
    "one object": {"json": {"id": "par_1"}},
}


def numbered(*, totals: bool = True, bare: bool = False) -> Callable[[int, Any], Any]:
    """The true answer for the page of a number."""

    def answer(number: int, query: Any) -> Any:
        page = [dict(row) for row in PAGES[min(number, 3)]]
        return page if bare else {"things": page, **({"total": 5} if totals else {})}

    return answer


def by_checkpoint(*, trailing: bool = False) -> Callable[[int, Any], Any]:
    """The true answer for a checkpoint, or for a page number; an empty page may come last."""

    def answer(number: int, query: Any) -> Any:
        if "page" in query:
            return numbered()(number, query)
        more = {"next": str(number + 1)} if number < (3 if trailing else 2) else {}
        return {"things": [dict(row) for row in PAGES[number]], **more}

    return answer


def outcomes_of(text: str) -> dict[str, str]:
    """Outcomes by answer, of lines such as `204: CS CF CF CF`."""
    outcomes = dict(line.strip().split(": ") for line in text.strip().splitlines())
    assert set(NOTHING) == set(outcomes)
    return outcomes


def at_first(outcomes: dict[str, str], first: dict[str, str]) -> dict[str, str]:
    """These outcomes, but at the first position others."""
    return {name: first.get(name, cells[:2]) + cells[2:] for name, cells in outcomes.items()}


def never_after(outcomes: dict[str, str]) -> dict[str, str]:
    """These outcomes of a list whose last page says that it is the last."""
    return {name: f"{cells[:-2]}--" for name, cells in outcomes.items()}


@dataclass
class Archetype:
    """How a list is read, what is true of it, and what comes of an answer of nothing.

    outcomes: for each answer of nothing, two letters for each position: where it comes once, and where it stays. `C`
    is complete, `F` failed by name, and `S` short without a word, since nobody can tell; `-` is no such position.
    """

    kinds: tuple[type[ListRetriever], ...]
    answer: Callable[[int, Any], Any]
    outcomes: dict[str, str]
    below_parent: bool = False
    expected: list[Any] = field(default_factory=lambda: ROWS)
    on_every_plan: bool = False
    may_be_missing: bool = False


CHECKPOINT = outcomes_of("""
    204: CS CF CF CF
    402: CS CF CF CF
    410: CS CF CF CF
    501: CS CF CF CF
    403 of a plan: SS CF CF CF
    400 of a feature: SS CF CF CF
    404: FF FF FF FF
    no rows: SS SS SS CC
    no rows, total 0: SS SS SS CC
    no rows, true total: CF FF FF CC
    bare []: SS CF CF CF
    null for rows: FF FF FF FF
    {}: FF FF FF FF
    null: CF CF CF CF
    no body: CF CF CF CF
    one object: FF FF FF FF
""")
NUMBERED = outcomes_of("""
    204: CS CF CF --
    402: CS CF CF --
    410: CS CF CF --
    501: CS CF CF --
    403 of a plan: SS CF CF --
    400 of a feature: SS CF CF --
    404: FF FF FF --
    no rows: SS CF CF --
    no rows, total 0: SS CF CF --
    no rows, true total: CF CF CF --
    bare []: SS CF CF --
    null for rows: FF FF FF --
    {}: FF FF FF --
    null: CF CF CF --
    no body: CF CF CF --
    one object: FF FF FF --
""")
WITHOUT_TOTAL = outcomes_of("""
    204: CS CF CF CF
    402: CS CF CF CF
    410: CS CF CF CF
    501: CS CF CF CF
    403 of a plan: SS CF CF CF
    400 of a feature: SS CF CF CF
    404: FF FF FF FF
    no rows: SS SS SS CC
    no rows, total 0: SS SS SS CC
    no rows, true total: CF CF CF CC
    bare []: SS CF CF CF
    null for rows: FF FF FF FF
    {}: FF FF FF FF
    null: CF CF CF CF
    no body: CF CF CF CF
    one object: FF FF FF FF
""")
#: A bare list cannot tell its end from an accident, with whatever it ends.
BARE = {"no rows": "SS SS SS CC", "bare []": "SS SS SS CC"}
#: Below a parent: one that has vanished ends its list, and an object in the place of a list was recorded once.
CHILD = {"404": "SS CS CS CS", "one object": "SS FF FF FF"}
#: And a refusal of one parent has to come twice, whatever it says.
REFUSED_PLAN, REFUSED_ONE = (
    {"403 of a plan": "CS CF CF CF", "400 of a feature": "CS CF CF CF"},
    {
        "403 of a plan": "CS -- -- --",
        "400 of a feature": "CS -- -- --",
    },
)
ONE_RESPONSE = outcomes_of("""
    204: CS -- -- --
    402: CS -- -- --
    410: CS -- -- --
    501: CS -- -- --
    403 of a plan: SS -- -- --
    400 of a feature: SS -- -- --
    404: FF -- -- --
    no rows: SS -- -- --
    no rows, total 0: SS -- -- --
    no rows, true total: FF -- -- --
    bare []: SS -- -- --
    null for rows: FF -- -- --
    {}: FF -- -- --
    null: CF -- -- --
    no body: CF -- -- --
    one object: FF -- -- --
""")
EVERY_PLAN = dict.fromkeys(("204", "402", "410", "501", "403 of a plan", "400 of a feature"), "CF")

#: Any object may be the true one; what is none cannot be.
SINGLETON = {
    **ONE_RESPONSE,
    **dict.fromkeys(("no rows", "no rows, total 0", "no rows, true total"), "SS -- -- --"),
    **dict.fromkeys(("null for rows", "{}", "one object"), "SS -- -- --"),
    "bare []": "FF -- -- --",
}
#: Each row of a list has a resource of its own; nothing but a 404 can be true of it, where it was deleted since.
DETAILS = {
    **{name: "-- CF -- --" for name in NOTHING if name[0].isdigit() or name in {"null", "no body"}},
    **dict.fromkeys(("no rows", "no rows, total 0", "no rows, true total"), "-- SS -- --"),
    **dict.fromkeys(("null for rows", "one object"), "-- SS -- --"),
    **dict.fromkeys(("bare []", "{}"), "-- FF -- --"),
    "404": "-- CS -- --",
}
#: The status is all there is to read.
REACHABLE = {
    **{name: "CC -- -- --" for name in NOTHING if not name[0].isdigit()},
    **dict.fromkeys(("204", "402", "410", "501", "403 of a plan", "400 of a feature"), "CS -- -- --"),
    "404": "SS -- -- --",
}


def whole(*_: Any) -> Any:
    """The true answer of a list that comes in one response."""
    return {"things": [dict(row) for row in ROWS]}


def single(*_: Any) -> Any:
    """The true answer of a single object."""
    return dict(ROWS[1])


CHECKPOINTED, PAGED = (CheckpointRetriever,), (PageNumberRetriever, WrappedPageNumberRetriever)
CHECKPOINTED_CHILDREN = (CheckpointRetriever, OrganizationMembersRetriever, CheckpointUserListRetriever)
PAGED_CHILDREN = (*PAGED, PageNumberUserListRetriever, MemberRolesRetriever)
UNPAGED, UNPAGED_CHILDREN = (UnpagedRetriever,), (UnpagedRetriever, UnpagedUserListRetriever)
ONE = {"expected": ROWS[1:2]}
ARCHETYPES = {
    "checkpointed": Archetype(CHECKPOINTED, by_checkpoint(), never_after(CHECKPOINT)),
    "checkpointed, with an empty last page": Archetype(CHECKPOINTED, by_checkpoint(trailing=True), CHECKPOINT),
    "checkpointed, of every plan": Archetype(
        CHECKPOINTED, by_checkpoint(), never_after(at_first(CHECKPOINT, EVERY_PLAN)), on_every_plan=True
    ),
    "checkpointed, of new releases": Archetype(
        CHECKPOINTED, by_checkpoint(), never_after(CHECKPOINT | {"404": "CS CF CF CF"}), may_be_missing=True
    ),
    "checkpointed, of a parent": Archetype(
        CHECKPOINTED_CHILDREN, by_checkpoint(), never_after(CHECKPOINT | CHILD | REFUSED_PLAN), below_parent=True
    ),
    "paged": Archetype((*PAGED, DetailRetriever), numbered(), NUMBERED),
    "paged, of every plan": Archetype(PAGED, numbered(), at_first(NUMBERED, EVERY_PLAN), on_every_plan=True),
    "paged, of a parent": Archetype(
        PAGED_CHILDREN, numbered(), never_after(NUMBERED | CHILD | REFUSED_PLAN), below_parent=True
    ),
    "paged, no totals": Archetype(PAGED, numbered(totals=False), WITHOUT_TOTAL),
    "paged, bare": Archetype(PAGED, numbered(bare=True), WITHOUT_TOTAL | BARE),
    "details": Archetype((DetailRetriever,), numbered(), DETAILS),
    "unpaged": Archetype(UNPAGED, whole, ONE_RESPONSE),
    "unpaged, of every plan": Archetype(UNPAGED, whole, at_first(ONE_RESPONSE, EVERY_PLAN), on_every_plan=True),
    "unpaged, of a parent": Archetype(
        UNPAGED_CHILDREN,
        whole,
        ONE_RESPONSE | REFUSED_ONE | {"404": "SS -- -- --", "one object": "SS -- -- --"},
        below_parent=True,
    ),
    "singleton": Archetype((SingletonRetriever,), single, SINGLETON, **ONE),
    "singleton, of every plan": Archetype(
        (SingletonRetriever,), single, at_first(SINGLETON, EVERY_PLAN), on_every_plan=True, **ONE
    ),
    "singleton, of a parent": Archetype(
        (SingletonRetriever,), single, SINGLETON | REFUSED_ONE | {"404": "SS -- -- --"}, below_parent=True, **ONE
    ),
    "reachable": Archetype(
        (ReachabilityRetriever,), lambda *_: "OK", REACHABLE, below_parent=True, expected=[{"online": True}]
    ),
}


def cells(letters: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Archetype, answer, position, how often it comes, and the outcome, of each cell with one of these letters."""
    for (name, archetype), answer in product(ARCHETYPES.items(), NOTHING):
        for position, cell in zip(POSITIONS, archetype.outcomes[answer].split(" "), strict=True):
            for times, letter in zip(("once", "always"), cell, strict=True):
                if letter in letters:
                    yield name, answer, position, times, letter


@dataclass
class Server:
    """Answers truly, but with nothing at one position: at the first request there, or at all of them."""

    archetype: Archetype
    nothing: Answer
    position: int
    stays: bool
    of_details: bool
    hits: int = 0

    def respond(self, request: Any, context: Any) -> str:
        """The body of a response, as requests_mock asks for it."""
        query = request.qs
        number = int(query.get("page", query.get("from", ["0"]))[0])
        is_detail = "/details/" in request.url
        at_position = request.url.endswith("/t2") if is_detail else number == self.position
        if is_detail == self.of_details and at_position:
            self.hits += 1
            if self.stays or self.hits == 1:
                context.status_code = self.nothing.get("status_code", 200)
                return json.dumps(self.nothing["json"]) if "json" in self.nothing else self.nothing.get("text", "")
        if is_detail:
            return json.dumps({"more": f"of {request.url.rpartition('/')[2]}"})
        return json.dumps(self.archetype.answer(number, query))


ONE_USER = UserPass(["auth0|1"], 0, LogPosition())


class AnyUserCursor(ChangedUsersCursor):
    """Has each user read that it is asked about."""

    def __init__(self) -> None:
        pass

    @contextmanager
    def reading_user(self, *_: Any) -> Iterator[bool]:
        yield True

    def reading_of(self, *_: Any) -> OtherStreamPage:
        return OtherStreamPage("readings", ())


def read(kind: type[ListRetriever], archetype: Archetype, api: ManagementApiRequester) -> list[Any]:
    """The rows, without the columns that the connector adds."""
    arguments: dict[str, Any] = {"config": api.tenant.config, "name": "things", "requester": api, "key_columns": ["id"]}
    if kind is DetailRetriever:
        arguments["detail"] = "details/{{ stream_partition.id }}"
    if archetype.below_parent:
        arguments["partition_router"] = ListPartitionRouter(["par_1"], "parent_id", {}, {})
    stream = kind(**arguments, rows=None if kind in {SingletonRetriever, ReachabilityRetriever} else "things")
    parent = {"parent_id": "par_1"} if archetype.below_parent else {}
    part = slice_with(SingleUserWorkItem(ONE_USER, 0, AnyUserCursor()), partition=parent)
    added = {"parent_id", "read_at", "tenant_domain"}
    return [{name: row[name] for name in row if name not in added} for row in stream.read_records({}, part)]


def documented() -> Iterator[tuple[str, str, str, str]]:
    """Archetype, answer, position and times of each cell that docs/reliability.md lists as one nobody can tell."""
    section = GUIDE.read_text(encoding="utf-8").partition("\n## Answers of nothing\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    for answers, archetypes, when, reason in lines:
        assert reason.strip()
        which, _, others = (re.findall("`([^`]+)`", part) for part in archetypes.partition("without"))
        names = [
            name
            for name in ARCHETYPES
            if any(fnmatch(name, pattern) for pattern in which) and not any(fnmatch(name, other) for other in others)
        ]
        for answer, name, moment in product(re.findall("`([^`]+)`", answers), names, re.findall("`([^`]+)`", when)):
            yield (name, answer, *moment.split(" "))  # type: ignore[misc] # two words


def outcome(kind: type[ListRetriever], archetype: Archetype, api: ManagementApiRequester) -> str:
    """The letter of what comes of a sync: a failure has to name the stream, and no row may come twice or be wrong."""
    try:
        found = read(kind, archetype, api)
    except AirbyteTracedException as error:
        return "F" if "`things`" in (error.message or "") else "failed without the stream's name"
    expected = archetype.expected
    if kind is DetailRetriever:
        expected = [{**row, "more": f"of {row['id']}"} for row in expected]
    return "C" if found == expected else "S"


@pytest.mark.parametrize(
    ("kind", "name", "answer"),
    [(kind, name, answer) for name in ARCHETYPES for answer in NOTHING for kind in ARCHETYPES[name].kinds],
)
def test_an_answer_of_nothing_has_the_outcome_of_the_table(
    requests_mock: Mocker,
    make_api: MakeApi,
    config: dict[str, Any],
    kind: type[ListRetriever],
    name: str,
    answer: str,
):
    """In a tenant of its own each time."""
    archetype = ARCHETYPES[name]
    expected = {cell[2:4]: cell[4] for cell in cells("CFS") if cell[:2] == (name, answer)}
    found = {}
    for position, times in expected:
        index, stays = POSITIONS.index(position), times == "always"
        server = Server(archetype, NOTHING[answer], index, stays, of_details=name == "details")
        requests_mock.get(ANY, text=server.respond)
        api = make_api(
            config=Tenant(config).config,
            resource="things/{{ stream_partition.parent_id }}" if archetype.below_parent else "things",
            on_every_plan=archetype.on_every_plan,
            may_be_missing=archetype.may_be_missing,
        )
        found[position, times] = outcome(kind, archetype, api)
        assert server.hits
    assert expected == found


def test_the_guide_lists_whatever_may_be_short_with_its_reason():
    listed = list(documented())
    assert len(listed) == len(set(listed))
    assert {cell[:4] for cell in cells("S")} == set(listed)
