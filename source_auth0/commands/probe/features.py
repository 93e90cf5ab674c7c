"""What is not established of features: what Auth0 answers where they ended, where a plan lacks them, and to odd ids."""

from collections.abc import Callable

from source_auth0.commands.probe.client import Answer, ProbeClient
from source_auth0.commands.probe.findings import (
    Finding,
    Question,
    contradicted,
    decided,
    established,
    named_scopes,
    refusal,
    shown,
    unknown,
)
from source_auth0.timestamps import to_iso

DAY_MS = 86_400_000
#: Days back to which the Events API is asked to go, the longest first: before it existed, then what may be kept.
HISTORY_DAYS = (3650, 90, 30, 7, 1)
#: Statuses that are about the time that was asked for.
POSITION_STATUSES = frozenset({400, 410})
#: Made-up ids: one with a line break, as some SAML identity providers give, and one like any other.
ODD_ID, PLAIN_ID = "samlp|probe\nid", "samlp|probe-id"
#: The scope that the connector takes for that of a route whose scope no document has.
GUESSED_SCOPES = {
    "attack-protection/captcha/policies": "read:attack_protection",
    "organization-templates": "read:organization_templates",
}


def sessions_refusal(client: ProbeClient) -> Finding:
    """Ask for the sessions of one user."""
    users = client.users(page=0, per_page=1).rows
    if not users:
        return unknown("the tenant has no users")
    path = client.path_of("users/{{ stream_slice.id }}/sessions", id=str(users[0]["user_id"]))
    answer = client.get(path, take=1)
    if answer.is_served:
        return unknown(f"{shown(answer)}: the plan has them")
    return refusal(answer) or established(shown(answer), answer)


def rules_after_end(client: ProbeClient) -> Finding:
    """Ask for rules, which ended in November 2026."""
    return _after_end(client.get("rules", page=0, per_page=1))


def hooks_after_end(client: ProbeClient) -> Finding:
    """Ask for hooks, which ended in November 2026."""
    return _after_end(client.get("hooks", page=0, per_page=1))


def _after_end(answer: Answer) -> Finding:
    return refusal(answer) or decided(holds=not answer.is_served, evidence=shown(answer), answers=[answer])


def odd_user_id(client: ProbeClient) -> Finding:
    """Ask for two users who do not exist, of whom one has a line break in the id."""
    odd, plain = (
        client.get(client.path_of("users/{{ stream_slice.id }}", id=user_id), fields="user_id", include_fields="true")
        for user_id in (ODD_ID, PLAIN_ID)
    )
    return refusal(odd) or decided(
        holds=(odd.status, odd.code) != (plain.status, plain.code),
        evidence=f"an id with a line break: {shown(odd)}; another that does not exist: {shown(plain)}",
        answers=[odd],
    )


def scope_of(path: str) -> Callable[[ProbeClient], Finding]:
    """A question for the scope of a route: it holds where the one that the connector takes it for is named."""
    guess = GUESSED_SCOPES[path]

    def ask(client: ProbeClient) -> Finding:
        answer = client.get(path)
        if scopes := named_scopes(answer):
            return decided(holds=guess in scopes, evidence=f"refused without {' or '.join(scopes)}")
        if answer.is_served and client.scopes is not None and guess not in client.scopes:
            return contradicted(f"{shown(answer)} without the scope")
        return unknown(
            f"{shown(answer)}{', with the scope' if answer.is_served else ''}", *([] if answer.is_served else [answer])
        )

    return ask


def events_history(client: ProbeClient) -> Finding:
    """Ask the Events API for what happened ever later, until it goes on from there."""
    refused: list[tuple[int, Answer]] = []
    for days in HISTORY_DAYS:
        since = to_iso(client.started_ms - days * DAY_MS)[:19] + "Z"
        answer = client.opens("events", from_timestamp=since)
        if answer.is_served and not refused:
            return contradicted("a time ten years ago is served")
        if answer.is_served:
            too_old, refusing = refused[-1]
            return established(f"{days} days ago is served; {too_old} days ago: {shown(refusing)}", refusing)
        if answer.status not in POSITION_STATUSES:
            return refusal(answer) or unknown(shown(answer), answer)
        refused.append((days, answer))
    return established(f"not even {refused[-1][0]} day ago is served: {shown(refused[-1][1])}", refused[-1][1])


QUESTIONS = (
    Question(
        "sessions_refusal",
        "Where the plan lacks sessions, `GET /users/{id}/sessions` is refused.",
        sessions_refusal,
        frozenset({"read:users", "read:sessions"}),
    ),
    Question(
        "rules_after_end", "Rules are refused since their end of life.", rules_after_end, frozenset({"read:rules"})
    ),
    Question(
        "hooks_after_end", "Hooks are refused since their end of life.", hooks_after_end, frozenset({"read:hooks"})
    ),
    Question(
        "odd_user_id",
        "A user id with a line break is refused, and not looked up.",
        odd_user_id,
        frozenset({"read:users"}),
    ),
    Question(
        "captcha_policies_scope",
        "Captcha policies need `read:attack_protection`.",
        scope_of("attack-protection/captcha/policies"),
    ),
    Question(
        "organization_templates_scope",
        "Organization templates need `read:organization_templates`.",
        scope_of("organization-templates"),
    ),
    Question(
        "events_history",
        "The Events API refuses a time before its history.",
        events_history,
        frozenset({"read:events"}),
    ),
)
