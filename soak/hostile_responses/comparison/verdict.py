"""The verdict on a sync under hostile responses: what it lost, and what of that nobody could tell."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from soak.hostile_responses.comparison.answers import UNREADABLE, Alterations, AlteredAnswer
from soak.hostile_responses.comparison.rows import Difference, Row, differences, text_of
from source_auth0.manifest.assembly import load_stream

#: Streams whose rows are made of other rows' columns, so that any change of those may change, add or remove a row.
DERIVED = {"changes", "user_deletions", "organization_member_roles"}
SINGLETONS, REACHABLE, DETAILED = {"tenant_settings"}, {"connection_status"}, {"forms"}
#: Columns that keep what does not fit into others.
SIDE_COLUMNS = {"unconforming", "additional_attributes"}
#: Collections that exist on every plan, so that no status says that a tenant lacks them.
ON_EVERY_PLAN = {"users", "clients", "tenants", "connections", "logs"}
ABSENT = {204, 402, 410, 501}
NOT_FOUND = 404
TWICE = 2


@dataclass(frozen=True)
class Verdict:
    """Losses, and what the sync read wrongly because an answer said so, by the cells of docs/reliability.md."""

    losses: tuple[Difference, ...] = ()
    untold: tuple[str, ...] = ()


def judge(
    stream: str, expected: Sequence[Row], rows: Sequence[Row], answers: list[AlteredAnswer], key: Collection[str]
) -> Verdict:
    """Hold a stream's rows against the tenant's; what a rewritten response itself said is no loss."""
    said, cells = Alterations.of(answers), list(_untold_cells(stream, answers))
    losses, untold = [], []
    known = {text_of(row.get(column)) for row in expected for column in key}
    for found in differences(expected, rows, key):
        if _is_as_said(found, stream, said, known, key):
            continue
        names = [name for name, scope in cells if not scope or text_of(scope) in map(text_of, found.row.values())]
        if names and found.kind != "invented":
            untold.append(names[0])
        else:
            losses.append(found)
    return Verdict(tuple(losses), tuple(dict.fromkeys(untold)))


def key_columns(stream: str) -> list[str]:
    """The columns of a stream's primary key."""
    columns = load_stream(stream)["$parameters"]["key_columns"]
    return [columns] if isinstance(columns, str) else list(columns)


def _is_as_said(found: Difference, stream: str, said: Alterations, known: set[str], key: Collection[str]) -> bool:
    """Whether a rewritten response sent the row like that."""
    if found.kind == "invented":
        told = [text_of(found.row.get(column)) for column in key]
        foreign = [text not in known for text in told]
        return any(foreign) and all(
            text in said.values for text, is_foreign in zip(told, foreign, strict=True) if is_foreign
        )
    columns = said.columns_of(found.row)
    if columns is None or (columns and stream in DERIVED):
        return True
    return found.kind == "altered" and found.columns <= columns | (SIDE_COLUMNS if columns else set())


def _untold_cells(stream: str, answers: list[AlteredAnswer]) -> Iterator[tuple[str, str]]:
    """The cells of docs/reliability.md that these responses are, each with the id that the rows concerned have."""
    for answer in answers:
        same = sum(other.target == answer.target and other.status == answer.status for other in answers)
        if answer.status in ABSENT | {NOT_FOUND}:
            name = _status_cell(stream, answer, same)
        else:
            name = _body_cell(stream, answer) if answer.status // 100 == TWICE else ""
        if name:
            yield name, answer.scope


def _status_cell(stream: str, answer: AlteredAnswer, same: int) -> str:
    is_detail = stream in DETAILED and bool(answer.scope)
    if answer.status == NOT_FOUND:
        return "`404` below a parent" if answer.scope and stream not in SINGLETONS else ""
    on_every_plan = answer.path[0] in ON_EVERY_PLAN and not answer.scope
    is_untold = same >= TWICE and answer.is_first_page and not is_detail and not on_every_plan
    return "`204`, `402`, `410`, `501` twice" if is_untold else ""


def _body_cell(stream: str, answer: AlteredAnswer) -> str:
    if stream in SINGLETONS or (stream in DETAILED and answer.scope):
        return "another object for an object" if isinstance(answer.body, dict) else ""
    rows, true_rows = answer.rows, answer.true_rows
    total, next_page = answer.told("total"), answer.told("next")
    if answer.body is UNREADABLE or not true_rows:
        return ""
    if rows is None:
        return _shape_cell(answer)
    has_total = isinstance(total[1], int) and not isinstance(total[1], bool)
    if not rows and answer.is_first_page and not (has_total and total[1] > 0):
        return "no rows on a first page"
    if next_page[0] is not None and text_of(next_page[0]) != text_of(next_page[1]):
        return "another `next`"
    return "" if has_total or len(rows) >= len(true_rows) else "rows left out where there is no total"


def _shape_cell(answer: AlteredAnswer) -> str:
    """The cell of a response that has no list where one is due."""
    if not answer.is_first_page:
        return ""
    if answer.body == []:
        return "no rows on a first page"
    return "one object for a list" if isinstance(answer.body, dict) and "id" in answer.body and answer.scope else ""
