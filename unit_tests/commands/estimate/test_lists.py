from typing import Any

from source_auth0.commands.estimate.lists import ListCounter, ListLength
from source_auth0.commands.probe.client import Answer
from source_auth0.manifest.assembly import load_stream
from testing.probe_client import FakeProbeClient, Scripted, refused

ROW = {"id": "x"}


class Client(FakeProbeClient):
    """Answers below any path as the test wrote for all of them."""

    def get_below(self, template: str, ids: Any, query: Any) -> Answer:
        """The response, by the path as it stands in the stream's file."""
        return self.get_again(template, **{"from_" if name == "from" else name: value for name, value in query.items()})


def counted(stream: str, answer: Scripted) -> tuple[ListLength, Client]:
    definition = load_stream(stream)
    client = Client({definition["$parameters"]["resource"]: answer})
    return ListCounter(client, definition).count({}), client


def test_a_list_of_one_page_is_counted_by_one_request():
    length, client = counted("clients", Answer(200, {"clients": [ROW] * 60}))
    assert (60, False, 1) == (length.rows, length.at_least, len(client.asked))
    assert "include_fields" in client.asked[0][1], "secrets stay where they are"


def test_a_longer_list_is_counted_by_its_total():
    length, _ = counted(
        "clients", lambda query: Answer(200, {"clients": [ROW], "total": 340} if "page" in query else _page(query))
    )
    assert (340, False) == (length.rows, length.at_least)


def test_a_longer_list_without_a_total_is_followed_a_few_pages():
    assert (300, False) == _of(counted("agents", lambda query: _unnumbered(query, pages=3))[0])
    assert (400, True) == _of(counted("agents", lambda query: _unnumbered(query, pages=99))[0])


def test_a_list_by_number_is_counted_by_its_total():
    assert (120, False) == _of(
        counted("resource_servers", Answer(200, {"resource_servers": [ROW] * 100, "total": 120}))[0]
    )
    assert (40, False) == _of(counted("resource_servers", Answer(200, [ROW] * 40))[0])
    assert (400, True) == _of(counted("resource_servers", Answer(200, [ROW] * 100))[0])
    assert "include_totals" not in counted("actions", Answer(200, {"actions": [ROW]}))[1].asked[0][1]


def test_credentials_that_end_at_a_thousand_are_at_least_so_many():
    assert (1000, True) == _of(
        counted("device_credentials", Answer(200, {"device_credentials": [ROW], "total": 1000}))[0]
    )


def test_a_question_that_is_refused_is_no_empty_list():
    assert (0, True) == _of(counted("clients", refused(400))[0])


def test_what_a_tenant_lacks_is_empty_and_a_missing_scope_is_told():
    assert ListLength() == counted("agents", refused(404))[0]
    assert "Insufficient scope, x" == counted("agents", refused(403, "", "Insufficient scope, x"))[0].lacks_scope


def _of(length: ListLength) -> tuple[int, bool]:
    return length.rows, length.at_least


def _page(query: Any) -> dict[str, Any]:
    return {"clients": [ROW] * 100, "next": "2"}


def _unnumbered(query: Any, pages: int) -> Answer:
    if "page" in query:
        return refused(400)
    number = int(query.get("from", 1))
    more = {"next": str(number + 1)} if number < pages else {}
    return Answer(200, {"agents": [ROW] * 100, **more})
