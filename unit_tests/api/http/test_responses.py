import json
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.api.http.response_errors import RequestContext, json_object
from source_auth0.api.http.responses import Classification, classify_response
from source_auth0.api.http.retry_policy import (
    MAX_BACKOFF_SECONDS,
    MIN_BACKOFF_SECONDS,
    backoff_seconds,
    rate_limit_wait_seconds,
)
from source_auth0.errors import MissingScopeError, QueryTimeoutError

RECORDED = Path(__file__).parents[4] / "shared/recordings/errors.json"
LIST, CHILD = RequestContext("things", ("read:things",)), RequestContext("things", ("read:things",), below_parent=True)
NOW = 1_700_000_000


def answered(status: int, body: Any = None, reason: str = "", content: bytes | None = None) -> requests.Response:
    """An answer of the Management API."""
    answer = requests.Response()
    answer.status_code, answer.reason = status, reason
    answer._content = json.dumps(body).encode() if content is None else content
    return answer


def refusal(status: int, message: str = "", code: str = "") -> requests.Response:
    """Auth0's error envelope."""
    return answered(status, {"statusCode": status, "error": "Error", "message": message, "errorCode": code})


def message_of(verdict: Classification) -> str:
    assert verdict.error is not None
    assert verdict.error.message is not None
    return verdict.error.message


@pytest.mark.parametrize("body", [[], {}, [{"id": 1}], {"total": 0}, 5, "text", False, 0])
def test_json_holds_rows(body: Any):
    assert Classification(ResponseAction.SUCCESS, body=body) == classify_response(answered(200, body), LIST)


@pytest.mark.parametrize("content", [b"", b"null", b'{"users": [{"user', b"<html>Sign in</html>", b"\xff", b"NaN"])
def test_half_a_body_is_asked_for_again_and_never_taken_for_an_empty_page(content: bytes):
    verdict = classify_response(answered(200, content=content), LIST)
    assert ResponseAction.RETRY == verdict.action
    assert "`things` with something that is no JSON (no content type" in message_of(verdict)


@pytest.mark.parametrize(
    ("message", "scopes"),
    [
        ("Insufficient scope, expected any of: read:things", ("read:things",)),
        ("Insufficient scope, expected any of: read:others, read:things", ("read:things",)),
        ("Insufficient scope, expected any of: read:others,read:more", ("read:others",)),
        ("Insufficient scope, expected: read:things", ("read:things",)),
        ("Insufficient scope, expected any of: read:things.", ("read:things",)),
        ("Insufficient scope, expected all of: read:users, read:roles", ("read:users", "read:roles")),
        ("Insufficient scope, expected any of: what you were not granted", ("read:things",)),
        ("Insufficient scope, expected: 7", ("read:things",)),
        ("Insufficient scope", ("read:things",)),
        ("Some fields cannot be read with the permissions granted by the bearer token scopes.", ("read:things",)),
    ],
)
@pytest.mark.parametrize("reader", [LIST, CHILD])
@pytest.mark.parametrize("code", ["insufficient_scope", "feature_not_enabled", ""])
def test_a_missing_scope_fails_the_stream_and_is_named(
    message: str, scopes: tuple[str, ...], reader: RequestContext, code: str
):
    verdict = classify_response(refusal(403, message, code), reader)
    assert ResponseAction.FAIL == verdict.action
    assert isinstance(verdict.error, MissingScopeError)
    assert scopes == verdict.error.scopes
    assert FailureType.config_error == verdict.error.failure_type
    assert all(scope in message_of(verdict) for scope in ("`things`", *scopes))
    assert "Applications › APIs › Auth0 Management API" in message_of(verdict)


@pytest.mark.parametrize(
    "answer",
    [
        refusal(403, "Please upgrade your subscription to use bot detection", "insufficient_entitlement"),
        refusal(403, "Please upgrade your subscription to enable Akamai Signals.", "insufficient_scope"),
        refusal(403, "Rate Limit Policies feature is not enabled for this tenant.", "insufficient_scope"),
        refusal(403, "This feature is not enabled for this tenant.", "feature_not_enabled"),
        refusal(403, "Insufficient privileges to use this deprecated feature.", "hooks_not_allowed"),
        refusal(403, "This account is not allowed to perform this operation."),
        refusal(400, "Feature not enabled for this tenant.", "feature_not_enabled"),
        refusal(403, "Your tenant is not entitled to this"),
        refusal(400, "Directory provisioning is not available for this connection"),
        refusal(402, "This feature needs a paid subscription."),
        refusal(410, "This feature was removed."),
        refusal(501, "Not implemented"),
        answered(501, content=b"<html>"),
    ],
)
@pytest.mark.parametrize("reader", [LIST, CHILD])
def test_a_feature_that_the_tenant_lacks_is_an_empty_stream_with_a_warning(
    answer: requests.Response, reader: RequestContext
):
    verdict = classify_response(answer, reader)
    assert ResponseAction.IGNORE == verdict.action
    assert verdict.warning.startswith("`things` is empty: the tenant lacks the feature (")


@pytest.mark.parametrize(
    ("answer", "reader", "expected"),
    [
        (refusal(403, "Please upgrade your subscription.", "insufficient_entitlement"), CHILD, True),
        (refusal(403, "This feature is not enabled for this tenant.", "feature_not_enabled"), CHILD, True),
        (refusal(402, "This feature needs a paid subscription."), CHILD, True),
        (answered(501, content=b"<html>"), CHILD, True),
        (refusal(403, "Please upgrade your subscription.", "insufficient_entitlement"), LIST, False),
        (refusal(400, "Directory provisioning is not available for this connection"), CHILD, False),
        (refusal(400, "SCIM is not enabled on the connection"), CHILD, False),
        (refusal(400, "This connection does not support inbound provisioning"), CHILD, False),
        (refusal(400, "Not here", "operation_not_supported"), CHILD, False),
        (refusal(404, "The user does not exist.", "inexistent_user"), CHILD, False),
        (refusal(404, "Not Found"), CHILD, False),
    ],
)
def test_a_feature_that_the_tenant_lacks_is_lacking_for_all_parents(
    answer: requests.Response, reader: RequestContext, expected: bool
):
    """One that a single connection lacks, and a parent that vanished, say nothing of the next one."""
    verdict = classify_response(answer, reader)
    assert (ResponseAction.IGNORE, expected) == (verdict.action, verdict.for_all_parents)


def test_a_user_with_too_many_identifiers_is_one_user_without_rows():
    """The warning is one for all of them, and names nobody."""
    said = "The number of user identifiers associated with a user exceeds the maximum allowed."
    verdict = classify_response(refusal(400, f"{said} auth0|1", "invalid_request"), CHILD)
    warning = (
        "`things` lacks some users' rows: the number of user identifiers associated with a user exceeds the maximum"
    )
    assert Classification(ResponseAction.IGNORE, warning=warning) == verdict
    assert ResponseAction.FAIL == classify_response(refusal(400, said), LIST).action


@pytest.mark.parametrize(
    "code",
    [
        "inexistent_email_provider",
        "inexistent_email_template",
        "theme_not_found",
        "inexistent_templates_universal_login",
    ],
)
def test_what_nobody_configured_is_an_empty_stream_with_a_warning(code: str):
    verdict = classify_response(refusal(404, "There is none", code), LIST)
    assert ResponseAction.IGNORE == verdict.action
    assert "`things` is empty: nothing is configured (There is none)" == verdict.warning


@pytest.mark.parametrize(
    "answer",
    [
        refusal(404, "No organization found by that id or name"),
        refusal(404, "The role does not exist."),
        refusal(404, "Not Found"),
        refusal(404, "The user does not exist.", "inexistent_user"),
        answered(404, content=b""),
    ],
)
def test_a_parent_that_vanished_is_skipped(answer: requests.Response):
    verdict = classify_response(answer, CHILD)
    assert ResponseAction.IGNORE == verdict.action
    assert verdict.warning.startswith("`things`: nothing is there for some of what it is read for (")


@pytest.mark.parametrize(
    "answer",
    [
        refusal(404, "Not Found"),
        refusal(404, "Not Found", "not_theme_not_found"),
        answered(404, content=b"<html>nginx</html>", reason="Not Found"),
    ],
)
def test_a_wrong_address_never_looks_like_an_empty_feature(answer: requests.Response):
    verdict = classify_response(answer, LIST)
    assert ResponseAction.FAIL == verdict.action
    assert "(404 Not Found). Check that the Base URL" in message_of(verdict)
    assert verdict.error is not None
    assert FailureType.config_error == verdict.error.failure_type


@pytest.mark.parametrize("reader", [LIST, CHILD])
@pytest.mark.parametrize("message", ["Forbidden", "", "Your insufficient scope, expected any of: read:things"])
def test_any_other_refusal_fails_the_stream(message: str, reader: RequestContext):
    verdict = classify_response(refusal(403, message, "insufficient_scope"), reader)
    assert (ResponseAction.FAIL, False) == (verdict.action, isinstance(verdict.error, MissingScopeError))
    assert "Auth0 refused `things` (403 insufficient_scope" in message_of(verdict)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("You can only page through the first 1000 records.", "invalid_paging"),
        ("Requesting page 10 exceeds the allowed maximum of 1000 records.", ""),
    ],
)
def test_the_cap_of_page_numbers_is_an_error_with_a_name(message: str, code: str):
    verdict = classify_response(refusal(400, message, code), LIST)
    assert ResponseAction.FAIL == verdict.action
    assert "`things` has more rows than Auth0 lets anyone page through by number" in message_of(verdict)


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
def test_a_redirect_is_an_error(status: int):
    verdict = classify_response(answered(status, content=b""), LIST)
    assert ResponseAction.FAIL == verdict.action
    assert f"(status {status}), where the token must not go" in message_of(verdict)


@pytest.mark.parametrize("status", [206, 400, 405, 409, 414, 422])
def test_any_other_answer_fails_the_stream(status: int):
    verdict = classify_response(refusal(status, "Something new"), LIST)
    assert ResponseAction.FAIL == verdict.action
    assert verdict.error is not None
    assert FailureType.system_error == verdict.error.failure_type
    assert f"({status}  Something new)" in message_of(verdict)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 599])
def test_a_server_that_is_unwell_is_asked_again(status: int):
    verdict = classify_response(answered(status, content=b"<html>", reason="Unwell"), LIST)
    assert ResponseAction.RETRY == verdict.action
    assert f"`things` with status {status} (Unwell)" in message_of(verdict)
    assert verdict.error is not None
    assert FailureType.transient_error == verdict.error.failure_type


@pytest.mark.parametrize("message", ["Phone configuration not found", "No default domain found for this tenant"])
def test_what_nobody_configured_may_be_told_in_words(message: str):
    verdict = classify_response(refusal(404, message), LIST)
    assert (
        Classification(ResponseAction.IGNORE, warning=f"`things` is empty: nothing is configured ({message})")
        == verdict
    )


def test_a_name_that_this_tenant_does_not_know_is_skipped_where_names_are_tried():
    """A private cloud's release may lack a prompt."""
    answer = refusal(
        400, "Path validation error: 'Invalid value \"passkeys\"' on property prompt (Name of the prompt)."
    )
    assert ResponseAction.FAIL == classify_response(answer, LIST).action
    verdict = classify_response(answer, CHILD)
    assert ResponseAction.IGNORE == verdict.action
    assert verdict.warning.startswith("`things`: this tenant does not know some names (Path validation error")


def test_an_answer_without_content_is_nothing_and_needs_no_warning():
    assert Classification(ResponseAction.IGNORE) == classify_response(answered(204, content=b""), LIST)


@pytest.mark.parametrize("status", [200, 201])
def test_what_was_created_is_an_answer_too(status: int):
    assert Classification(ResponseAction.SUCCESS, body={"id": "job_1"}) == classify_response(
        answered(status, {"id": "job_1"}), LIST
    )


def test_a_search_that_takes_too_long_is_not_repeated_as_it_is():
    """Auth0 says so with a status that elsewhere means that it is unwell."""
    verdict = classify_response(refusal(503, "The query exceeded the timeout of 2 seconds"), LIST)
    assert ResponseAction.FAIL == verdict.action
    assert isinstance(verdict.error, QueryTimeoutError)
    assert FailureType.transient_error == verdict.error.failure_type


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("Insufficient scope, expected any of: read:things", False),
        ("Some fields cannot be read with the permissions granted", True),
    ],
)
def test_a_refusal_of_fields_is_told_apart(message: str, named: bool):
    error = classify_response(refusal(403, message), LIST).error
    assert isinstance(error, MissingScopeError)
    assert named is error.names_fields


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("Bearer", ResponseAction.REFRESH_TOKEN_THEN_RETRY),
        ("invalid_query", ResponseAction.FAIL),
        ("", ResponseAction.FAIL),
    ],
)
def test_a_token_that_is_no_token_at_all_is_told_by_the_code(said: str, meaning: ResponseAction):
    assert meaning == classify_response(refusal(400, "Bad HTTP authentication header format", said), LIST).action


@pytest.mark.parametrize("message", ["Not Found", ""])
def test_a_route_that_is_new_may_be_missing_in_a_private_cloud(message: str):
    new = RequestContext("things", (), may_be_missing=True)
    verdict = classify_response(refusal(404, message), new)
    assert ResponseAction.IGNORE == verdict.action
    said = f"`things` is empty: this tenant's release of Auth0 does not have it ({message or 'status 404'})"
    assert said == verdict.warning


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, Classification(ResponseAction.SUCCESS, body=True)), (404, Classification(ResponseAction.IGNORE))],
)
def test_a_status_may_be_all_that_is_asked_for(status: int, verdict: Classification):
    assert verdict == classify_response(
        answered(status, content=b""), RequestContext("things", (), below_parent=True, only_status=True)
    )


def test_a_page_of_a_proxy_is_no_status():
    page = answered(200, content=b"\n<!DOCTYPE html><html></html>")
    verdict = classify_response(page, RequestContext("things", (), below_parent=True, only_status=True))
    assert ResponseAction.RETRY == verdict.action
    assert "`things` with something that is no JSON" in message_of(verdict)


@pytest.mark.parametrize(
    "message", ["Global limit has been reached", "Endpoint limit has been reached", "users_write group limit"]
)
def test_the_rate_limit_is_waited_for(message: str):
    verdict = classify_response(refusal(429, message, "too_many_requests"), LIST)
    assert ResponseAction.RATE_LIMITED == verdict.action
    assert f"status 429 ({message})" in message_of(verdict)


def test_a_rate_limit_without_a_body_is_waited_for():
    assert "status 429 (no reason given)" in message_of(classify_response(answered(429, content=b""), LIST))


@pytest.mark.parametrize("body", [{"message": "Invalid token"}, None, {}])
def test_a_token_that_is_not_accepted_is_renewed(body: Any):
    verdict = classify_response(answered(401, body), LIST)
    assert ResponseAction.REFRESH_TOKEN_THEN_RETRY == verdict.action
    assert f"({(body or {}).get('message', 'no reason given')})" in message_of(verdict)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'"text"', b"<html>"])
def test_what_is_no_error_envelope_says_nothing(content: bytes):
    assert {} == json_object(answered(403, content=content))


@given(st.integers(100, 599), st.binary(max_size=60), st.booleans())
def test_every_answer_has_a_meaning(status: int, content: bytes, below_parent: bool):
    """Whatever was answered, the verdict is complete: rows, a warning, or an error with a sentence."""
    verdict = classify_response(answered(status, content=content), RequestContext("things", (), below_parent))
    match verdict.action:
        case ResponseAction.SUCCESS:
            assert verdict.body is not None
        case ResponseAction.IGNORE:
            assert "`things`" in verdict.warning or status == 204
        case _:
            assert "`things`" in message_of(verdict)


def _recorded() -> Iterator[tuple[int, dict[str, Any], list[str]]]:
    """Status, body and endpoints of each recorded refusal that has Auth0's envelope and answers a read."""
    if not RECORDED.exists():
        return
    for entry in (entry for kind in json.loads(RECORDED.read_text()).values() for entry in kind):
        body = entry.get("body") or {"message": entry.get("message")}
        endpoints = list(entry.get("endpoints", [entry.get("endpoint", "")]))
        reads = [endpoint for endpoint in endpoints if "GET" in endpoint or "any Management API call" in endpoint]
        if reads and isinstance(body.get("message", body.get("error")), str):
            yield entry["status"], body, reads


def expected_meaning(status: int, body: dict[str, Any], below_parent: bool) -> ResponseAction:
    """What FACTS §1.7 and decision 9 of the design say about an answer."""
    message, code = body.get("message", ""), body.get("errorCode", "")
    if status in {401, 429}:
        return {401: ResponseAction.REFRESH_TOKEN_THEN_RETRY, 429: ResponseAction.RATE_LIMITED}[status]
    if message.startswith("Insufficient scope"):
        return ResponseAction.FAIL
    if code == "Bearer":
        return ResponseAction.REFRESH_TOKEN_THEN_RETRY
    if status == 400 and message.startswith("Path validation error: 'Invalid value"):
        return ResponseAction.IGNORE if below_parent else ResponseAction.FAIL
    if status == 404:
        absent = below_parent or code.startswith("inexistent_") or code == "theme_not_found"
        return ResponseAction.IGNORE if absent else ResponseAction.FAIL
    lacking = ("upgrade your subscription", "not enabled for this tenant", "deprecated feature", "custom domain")
    return ResponseAction.IGNORE if any(words in message for words in lacking) else ResponseAction.FAIL


@pytest.mark.skipif(not RECORDED.exists(), reason="the recordings are not part of the package")
@pytest.mark.parametrize("below_parent", [False, True])
def test_every_recorded_refusal_is_judged_as_the_facts_say(below_parent: bool):
    recorded = list(_recorded())
    assert len(recorded) > 40
    judged = {
        (status, body.get("message"), endpoints[0]): classify_response(
            answered(status, body), RequestContext("things", ("read:things",), below_parent)
        ).action
        for status, body, endpoints in recorded
    }
    expected = {
        (status, body.get("message"), endpoints[0]): expected_meaning(status, body, below_parent)
        for status, body, endpoints in recorded
    }
    assert expected == judged


@pytest.mark.skipif(not RECORDED.exists(), reason="the recordings are not part of the package")
def test_every_recorded_missing_scope_is_named():
    found = 0
    for status, body, _ in _recorded():
        if str(body.get("message")).startswith("Insufficient scope"):
            found += 1
            error = classify_response(answered(status, body), LIST).error
            assert isinstance(error, MissingScopeError)
            assert body["message"].endswith(", ".join(error.scopes))
    assert found > 3


def headers(**changes: str) -> dict[str, str]:
    return {"date": formatdate(NOW, usegmt=True), **{name.replace("_", "-"): value for name, value in changes.items()}}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (headers(retry_after="7"), 7),
        (headers(retry_after="7", x_ratelimit_reset=str(NOW + 30)), 7),
        (headers(retry_after="7200"), MAX_BACKOFF_SECONDS),
        (headers(x_ratelimit_reset=str(NOW + 30)), 30),
        (headers(x_ratelimit_reset=str(NOW + 7200)), MAX_BACKOFF_SECONDS),
        (headers(x_ratelimit_reset=str(NOW)), 0.5),
        (headers(x_ratelimit_reset=str(NOW - 90)), 0.5),
        (headers(x_ratelimit_reset="soon"), 4),
        (headers(retry_after="soon"), 4),
        (headers(retry_after="0"), MIN_BACKOFF_SECONDS),
        (headers(retry_after="-5"), MIN_BACKOFF_SECONDS),
        (headers(retry_after="3600"), MAX_BACKOFF_SECONDS),
        (headers(retry_after="soon", x_ratelimit_reset=str(NOW + 30)), 30),
        (headers(retry_after=formatdate(NOW + 7, usegmt=True), x_ratelimit_reset=str(NOW + 30)), 30),
        (headers(retry_after="nan", x_ratelimit_reset=str(NOW + 30)), 30),
        (headers(retry_after="nan"), 4),
        (headers(retry_after="inf"), 4),
        (headers(x_ratelimit_reset="nan"), 4),
        ({"x-ratelimit-reset": str(NOW + 30)}, 4),
        ({"x-ratelimit-reset": str(NOW + 30), "date": "yesterday"}, 4),
        ({"x-ratelimit-reset": str(NOW + 30), "date": "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"}, 4),
        ({"x-ratelimit-reset": str(NOW), "date": f"Mon, 9999999999 Nov {'9' * 30} 1:1:1 GMT"}, 4),
        (headers(), 4),
        ({}, 4),
    ],
)
def test_a_rate_limit_is_waited_for_by_the_servers_own_clock(sent: dict[str, str], expected: float):
    """It is told by Retry-After, else the reset minus the answer's date; it grows where neither can be read."""
    assert expected == rate_limit_wait_seconds(requests.structures.CaseInsensitiveDict(sent), 3)


@pytest.mark.parametrize(
    ("said", "told"), [("It needs a paid subscription.", "It needs a paid subscription."), ("", "status 402")]
)
def test_why_a_stream_is_empty_is_told_in_auth0s_words_or_by_the_status(said: str, told: str):
    assert (
        f"`things` is empty: the tenant lacks the feature ({told})"
        == classify_response(refusal(402, said), LIST).warning
    )
    gone = classify_response(refusal(404, said), CHILD).warning
    assert gone.endswith(f"what it is read for ({told.replace('402', '404')})")


def test_a_token_that_is_not_accepted_is_told_with_what_to_do():
    assert message_of(classify_response(answered(401, {}), LIST)).endswith("or create a new token.")


def test_only_a_403_tells_of_a_missing_scope():
    error = classify_response(refusal(422, "Insufficient scope, expected any of: read:things"), LIST).error
    assert error is not None
    assert not isinstance(error, MissingScopeError)


def test_a_refusal_without_a_reason_says_so():
    assert "(404 no reason given)" in message_of(classify_response(answered(404, {}), LIST))
    assert "(404 Not Here)" in message_of(classify_response(answered(404, {}, reason="Not Here"), LIST))


def test_what_is_no_json_is_told_by_its_kind_and_size():
    answer = answered(200, content=b"<html>")
    answer.headers["Content-Type"] = "text/html"
    assert "no JSON (text/html, 6 bytes)" in message_of(classify_response(answer, LIST))


def test_waits_grow_up_to_a_minute():
    assert [1, 2, 4, 8, 16, 32, 60, 60] == [backoff_seconds(attempt) for attempt in range(1, 9)]
