"""What is not established of the user search: its totals, bounds, pages, query syntax and longest URL."""

from source_auth0.commands.probe.client import Answer, ProbeClient
from source_auth0.commands.probe.findings import (
    Finding,
    Question,
    contradicted,
    decided,
    refusal,
    shown,
    unknown,
)
from source_auth0.records import PAGE_SIZE, Row
from source_auth0.retrievers.user_search.queries import quote_term
from source_auth0.timestamps import timestamp_of, to_iso

USERS = frozenset({"read:users"})
#: Users from which on a total may be a bound and no count: that of the pages, and the usual one of search engines.
MIN_BOUND = 1000
#: By how much the halves of a search may differ from the whole, since users come and go meanwhile.
TOLERANCE = 0.01
#: Characters of URLs that are tried; the connector's own have at most the second.
URL_LENGTHS = (500, 4_000, 8_000, 16_000)
#: A page that begins before the 1,000th row and ends behind it.
ACROSS_BOUND = {"page": 14, "per_page": 70}


def _oldest(client: ProbeClient) -> Answer:
    return client.users(
        f"created_at:[* TO {to_iso(client.started_ms)}]", sort="created_at:1", page=0, per_page=PAGE_SIZE
    )


def search_totals(client: ProbeClient) -> Finding:
    """Hold the total of all users against those of the older and the newer half."""
    whole = _oldest(client)
    if found := refusal(whole):
        return found
    if whole.total is None or not whole.rows:
        return unknown(f"{shown(whole)}, without a total or without users", whole)
    if whole.total < MIN_BOUND:
        return unknown("the tenant has fewer than 1,000 users")
    oldest, now = timestamp_of(whole.rows[0], "created_at"), client.started_ms
    middle = to_iso(((oldest or 0) + now) // 2)
    halves = [
        client.users(f"created_at:{part}", page=0, per_page=1).total or 0
        for part in (f"[* TO {middle}]", f"{{{middle} TO {to_iso(now)}]")
    ]
    is_true = sum(halves) <= whole.total * (1 + TOLERANCE)
    size = "more than 10,000" if whole.total > 10 * MIN_BOUND else "1,000 to 10,000"
    return decided(
        holds=is_true,
        evidence=f"a total of {size} {'is the sum of' if is_true else 'is less than'} those of two halves",
    )


def search_page_size(client: ProbeClient) -> Finding:
    """Ask for 100 rows, and look at the limit in the response."""
    page = _oldest(client)
    limit = _limit(page)
    if found := refusal(page):
        return found
    if limit is None:
        return unknown(f"{shown(page)}, without a limit", page)
    return decided(holds=limit == PAGE_SIZE, evidence=f"asked for {PAGE_SIZE}, the limit is {limit}")


def search_later_totals(client: ProbeClient) -> Finding:
    """Hold the total of the second page against that of the first."""
    first = client.users(page=0, per_page=1)
    second = client.users(page=1, per_page=1)
    if found := refusal(second):
        return found
    if not first.total or first.total < 2:  # noqa: PLR2004 - a second page
        return unknown("the tenant has no second page of users")
    same = second.total is not None and abs(second.total - first.total) <= max(first.total * TOLERANCE, 1)
    kind = "0" if second.total == 0 else "none" if second.total is None else "another one"
    return decided(holds=same, evidence=f"the total of page 1 is {'that of page 0' if same else kind}")


def search_milliseconds(client: ProbeClient) -> Finding:
    """Look for a user at the very millisecond of a date, and in the half second behind it."""
    page = _oldest(client)
    if found := refusal(page):
        return found
    user = next((row for row in page.rows if (timestamp_of(row, "created_at") or 0) % 1000), None)
    if user is None:
        return unknown("no user of the first page has a date with milliseconds")
    moment = timestamp_of(user, "created_at") or 0
    exact, later = to_iso(moment), to_iso(moment + 500)
    at = client.users(f"created_at:[{exact} TO {exact}]", sort="created_at:1", page=0, per_page=PAGE_SIZE)
    behind = client.users(f"created_at:{{{exact} TO {later}]", sort="created_at:1", page=0, per_page=PAGE_SIZE)
    if not (at.is_served and behind.is_served):
        return contradicted(f"{shown(at)}; {shown(behind)}", at, behind)
    inclusive, exclusive = _has(at, user), not _has(behind, user)
    return decided(
        holds=inclusive and exclusive,
        evidence=f"`[t TO t]` {'finds' if inclusive else 'misses'} the user at t, `{{t TO …]` "
        f"{'leaves it out' if exclusive else 'finds it too'}",
    )


def search_negated_exists(client: ProbeClient) -> Finding:
    """Ask for users without a date, and for users without the id that everybody has."""
    undated = client.users("NOT _exists_:updated_at", page=0, per_page=PAGE_SIZE)
    if found := refusal(undated):
        return found
    if not undated.is_served:
        return contradicted(shown(undated), undated)
    nobody = client.users("NOT _exists_:user_id", page=0, per_page=1)
    is_wrong = bool(nobody.rows) or any("updated_at" in row for row in undated.rows)
    return decided(holds=not is_wrong, evidence="served, with rows that have the attribute" if is_wrong else "served")


def users_have_dates(client: ProbeClient) -> Finding:
    """Count the users without `updated_at`."""
    undated = client.users("NOT _exists_:updated_at", page=0, per_page=PAGE_SIZE)
    if not undated.is_served:
        return refusal(undated) or unknown(shown(undated), undated)
    without = [row for row in undated.rows if "updated_at" not in row]
    if len(without) < len(undated.rows):
        return unknown("the search finds users who have the attribute")
    return decided(holds=not without, evidence=f"{'some users lack' if without else 'no user lacks'} `updated_at`")


def search_id_ranges(client: ProbeClient) -> Finding:
    """Ask for the users from a known id on, sorted by it."""
    known = _oldest(client)
    if found := refusal(known):
        return found
    if not known.rows:
        return unknown("the tenant has no users")
    user = known.rows[0]
    condition = f"user_id:[{quote_term(str(user['user_id']))} TO *]"
    ranged = client.users(condition, sort="user_id:1", page=0, per_page=1)
    holds = ranged.is_served and _has(ranged, user)
    return decided(
        holds=holds, evidence=f"{shown(ranged)}, {'with' if holds else 'without'} the user", answers=[ranged]
    )


def search_page_across_bound(client: ProbeClient) -> Finding:
    """Ask for a page that begins before the 1,000th row and ends behind it."""
    page = client.users(**ACROSS_BOUND)
    if page.is_served and _limit(page) != ACROSS_BOUND["per_page"]:
        return unknown("pages have fewer rows than were asked for", page)
    return refusal(page) or decided(
        holds=page.is_served, evidence=f"rows 980 to 1,050 of a search: {shown(page)}", answers=[page]
    )


def longest_url(client: ProbeClient) -> Finding:
    """Ask for a made-up user with an ever longer id, until Auth0 refuses the URL."""
    served, refused = 0, None
    for length in URL_LENGTHS:
        answer = client.users(f'user_id:"probe|{"x" * (length - 180)}"', page=0, per_page=1)
        if found := refusal(answer):
            return found
        if not answer.is_served:
            refused = answer
            break
        served = length
    if refused and not served:
        return unknown(f"a short one: {shown(refused)}", refused)
    evidence = f"{served:,} characters are served" + (f", the next length gets {shown(refused)}" if refused else "")
    return decided(holds=served >= URL_LENGTHS[1], evidence=evidence, answers=[refused] if refused else [])


def _limit(page: Answer) -> int | None:
    limit = page.body.get("limit") if isinstance(page.body, dict) else None
    return limit if isinstance(limit, int) else None


def _has(answer: Answer, user: Row) -> bool:
    return any(row.get("user_id") == user["user_id"] for row in answer.rows)


QUESTIONS = (
    Question("search_totals", "The total of a user search is a true count beyond 1,000.", search_totals, USERS),
    Question("search_page_size", "A page of a user search may have 100 rows.", search_page_size, USERS),
    Question("search_later_totals", "Later pages have the total of the first.", search_later_totals, USERS),
    Question("search_milliseconds", "Bounds of dates count to the millisecond.", search_milliseconds, USERS),
    Question("search_negated_exists", "The search knows `NOT _exists_:…`.", search_negated_exists, USERS),
    Question("users_have_dates", "Every user has `updated_at`.", users_have_dates, USERS),
    Question("search_id_ranges", "The search knows ranges of `user_id`.", search_id_ranges, USERS),
    Question(
        "search_page_across_bound",
        "A page that begins before the 1,000th row is served, also where it ends behind it.",
        search_page_across_bound,
        USERS,
    ),
    Question("longest_url", "A URL of 4,000 characters is served.", longest_url, USERS),
)
