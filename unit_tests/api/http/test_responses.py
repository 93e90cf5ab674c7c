import json
from collections.abc import Iterator
from dataclasses import replace
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
from source_auth0.api.http.retry_policy import API_RETRY_POLICY, MAX_BACKOFF_SECONDS, MIN_BACKOFF_SECONDS
from source_auth0.errors import MissingScopeError, ParentRefusedError, QueryTimeoutError

RECORDED = Path(__file__).parents[4] / "shared/recordings/errors.json"
LIST, CHILD = RequestContext("things", ("read:things",)), RequestContext("things", ("read:things",), below_parent=True)
NOW = 1_700_000_000


def response_with(status: int, body: Any = None, reason: str = "", content: bytes | None = None) -> requests.Response:
    """A response of the Management API."""
    response = requests.Response()
    response.status_code, response.reason = status, reason
    response._content = json.dumps(body).encode() if content is None else content
    return response


def error_response(status: int, message: str = "", code: str = "") -> requests.Response:
    """Auth0's error envelope."""
    return response_with(status, {"statusCode": status, "error": "Error", "message": message, "errorCode": code})


def message_of(classification: Classification) -> str:
    assert classification.error is not None
    assert classification.error.message is not None
    return classification.error.message


@pytest.mark.parametrize("body", [[], {}, [{"id": 1}], {"total": 0}, 5, "text", False, 0])
def test_a_json_body_is_a_success(body: Any):
    assert Classification(ResponseAction.SUCCESS, body=body) == classify_response(response_with(200, body), LIST)


@pytest.mark.parametrize("content", [b"", b"null", b'{"users": [{"user', b"<html>Sign in</html>", b"\xff", b"NaN"])
def test_a_body_that_is_no_json_is_retried(content: bytes):
    classification = classify_response(response_with(200, content=content), LIST)
    assert ResponseAction.RETRY == classification.action
    assert "`things` with something that is no JSON (no content type" in message_of(classification)


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
@pytest.mark.parametrize("context", [LIST, CHILD])
@pytest.mark.parametrize("code", ["insufficient_scope", "feature_not_enabled", ""])
def test_a_missing_scope_fails_the_stream_and_is_named(
    message: str, scopes: tuple[str, ...], context: RequestContext, code: str
):
    classification = classify_response(error_response(403, message, code), context)
    assert ResponseAction.FAIL == classification.action
    assert isinstance(classification.error, MissingScopeError)
    assert scopes == classification.error.scopes
    assert FailureType.config_error == classification.error.failure_type
    assert all(scope in message_of(classification) for scope in ("`things`", *scopes))
    assert "Applications › APIs › Auth0 Management API" in message_of(classification)


@pytest.mark.parametrize(
    "response",
    [
        error_response(403, "Please upgrade your subscription to use bot detection", "insufficient_entitlement"),
        error_response(403, "Please upgrade your subscription to enable Akamai Signals.", "insufficient_scope"),
        error_response(403, "Rate Limit Policies feature is not enabled for this tenant.", "insufficient_scope"),
        error_response(403, "This feature is not enabled for this tenant.", "feature_not_enabled"),
        error_response(403, "Insufficient privileges to use this deprecated feature.", "hooks_not_allowed"),
        error_response(403, "This account is not allowed to perform this operation."),
        error_response(400, "Feature not enabled for this tenant.", "feature_not_enabled"),
        error_response(403, "Your tenant is not entitled to this"),
        error_response(400, "Directory provisioning is not available for this connection"),
        error_response(402, "This feature needs a paid subscription."),
        error_response(410, "This feature was removed."),
        error_response(403, "This endpoint is disabled for your tenant.", "voice_mfa_not_allowed"),
        error_response(403, "This endpoint is disabled for your tenant.", "hooks_not_allowed"),
        error_response(501, "Not implemented"),
        response_with(501, content=b"<html>"),
    ],
)
def test_a_feature_that_the_tenant_lacks_is_an_empty_stream_with_a_warning(response: requests.Response):
    classification = classify_response(response, LIST)
    assert ResponseAction.IGNORE == classification.action
    assert classification.warning.startswith("`things` is empty: the tenant lacks the feature (")


@pytest.mark.parametrize(
    ("response", "lacks_feature"),
    [
        (error_response(403, "Please upgrade your subscription.", "insufficient_entitlement"), True),
        (error_response(403, "This feature is not enabled for this tenant.", "feature_not_enabled"), True),
        (error_response(403, "This endpoint is disabled for your tenant.", "any_not_allowed"), True),
        (error_response(402, "This feature needs a paid subscription."), True),
        (response_with(501, content=b"<html>"), True),
        (response_with(204, content=b""), True),
        (error_response(410, "Gone"), True),
        (error_response(400, "Object didn't pass validation for format user-id", "invalid_uri"), False),
        (error_response(403, "You shall not.", "access_denied"), False),
        (error_response(414, "URI Too Long"), False),
        (response_with(418, content=b"a teapot"), False),
    ],
)
@pytest.mark.parametrize("on_every_plan", [False, True])
def test_a_refusal_of_one_parent_is_one_if_it_comes_twice(
    response: requests.Response, lacks_feature: bool, on_every_plan: bool
):
    """What it means, other parents show."""
    context = RequestContext("things", ("read:things",), below_parent=True, on_every_plan=on_every_plan)
    classification = classify_response(response, context)
    assert (ResponseAction.FAIL, True) == (classification.action, classification.is_doubtful)
    assert isinstance(classification.error, ParentRefusedError)
    assert (response.status_code, lacks_feature) == (classification.error.status, classification.error.lacks_feature)
    assert message_of(classification).startswith("Auth0 refused `things` (")
    assert f"{response.status_code}" in message_of(classification)


@pytest.mark.parametrize(
    ("response", "context"),
    [
        (error_response(400, "Expired checkpoint", "invalid_paging_token"), replace(CHILD, known_to_exist=True)),
        (error_response(400, "Additional properties not allowed: take", "invalid_query_string"), CHILD),
        (error_response(400, "Value 100 is greater than maximum 10 on property per_page"), CHILD),
        (error_response(403, "Insufficient scope, expected any of: read:things"), CHILD),
        (error_response(400, "You can only page through the first 1000 records.", "invalid_paging"), CHILD),
        (error_response(400, "Object didn't pass validation for format user-id", "invalid_uri"), LIST),
        (response_with(302, content=b""), CHILD),
    ],
)
def test_a_refusal_of_the_list_is_none_of_a_parent(response: requests.Response, context: RequestContext):
    classification = classify_response(response, context)
    assert (ResponseAction.FAIL, False) == (classification.action, classification.is_doubtful)
    assert not isinstance(classification.error, ParentRefusedError)


@pytest.mark.parametrize(
    "response",
    [
        error_response(400, "Directory provisioning is not available for this connection"),
        error_response(400, "SCIM is not enabled on the connection"),
        error_response(400, "This connection does not support inbound provisioning"),
        error_response(400, "Not here", "operation_not_supported"),
        error_response(400, "cannot list action bindings for an entity-bound trigger", "invalid_request"),
    ],
)
def test_what_one_connection_or_trigger_lacks_says_nothing_of_others(response: requests.Response):
    """However many do: they are told of once, and are no refusals."""
    classification = classify_response(response, CHILD)
    assert (ResponseAction.IGNORE, False) == (classification.action, classification.is_doubtful)
    assert classification.warning.startswith("`things` has no rows for some of what it is read for: Auth0 has none")


@pytest.mark.parametrize(
    "response",
    [
        error_response(403, "Rules are gone.", "rules_not_allowed"),
        error_response(403, "Access denied."),
        error_response(404, "Not Found"),
        error_response(410, "Gone"),
        error_response(501, "Not implemented"),
        error_response(403, "This is a deprecated feature."),
    ],
)
def test_what_auth0_has_ended_is_empty_with_a_warning_whatever_refuses_it(response: requests.Response):
    classification = classify_response(response, replace(LIST, has_ended=True))
    assert ResponseAction.IGNORE == classification.action
    assert classification.warning.startswith("`things` is empty: ")


def test_a_missing_scope_fails_what_auth0_has_ended_too():
    response = error_response(403, "Insufficient scope, expected any of: read:things", "insufficient_scope")
    classification = classify_response(response, replace(LIST, has_ended=True))
    assert isinstance(classification.error, MissingScopeError)


def test_a_user_with_too_many_identifiers_is_skipped():
    """One warning covers all such users and names none."""
    message = "The number of user identifiers associated with a user exceeds the maximum allowed."
    classification = classify_response(error_response(400, f"{message} auth0|1", "invalid_request"), CHILD)
    warning = (
        "`things` lacks some users' rows: the number of user identifiers associated with a user exceeds the maximum"
    )
    assert Classification(ResponseAction.IGNORE, warning=warning) == classification
    assert ResponseAction.FAIL == classify_response(error_response(400, message), LIST).action


@pytest.mark.parametrize(
    "code",
    [
        "inexistent_email_provider",
        "inexistent_email_template",
        "theme_not_found",
        "inexistent_templates_universal_login",
    ],
)
def test_a_404_for_unconfigured_settings_is_an_empty_stream_with_a_warning(code: str):
    classification = classify_response(error_response(404, "There is none", code), LIST)
    assert ResponseAction.IGNORE == classification.action
    assert "`things` is empty: nothing is configured (There is none)" == classification.warning


@pytest.mark.parametrize(
    "response",
    [
        error_response(404, "No organization found by that id or name"),
        error_response(404, "The role does not exist."),
        error_response(404, "Not Found"),
        error_response(404, "The user does not exist.", "inexistent_user"),
        response_with(404, content=b""),
    ],
)
def test_a_404_below_a_parent_is_skipped(response: requests.Response):
    classification = classify_response(response, CHILD)
    assert ResponseAction.IGNORE == classification.action
    assert classification.warning.startswith("`things`: nothing is there for some of what it is read for (")


@pytest.mark.parametrize(
    "response",
    [
        error_response(404, "Not Found"),
        error_response(404, "Not Found", "not_theme_not_found"),
        response_with(404, content=b"<html>nginx</html>", reason="Not Found"),
    ],
)
def test_a_404_of_a_list_fails_the_stream(response: requests.Response):
    classification = classify_response(response, LIST)
    assert ResponseAction.FAIL == classification.action
    assert "(404 Not Found). Check that the Base URL" in message_of(classification)
    assert classification.error is not None
    assert FailureType.config_error == classification.error.failure_type


@pytest.mark.parametrize("context", [LIST, CHILD])
@pytest.mark.parametrize("message", ["Forbidden", "", "Your insufficient scope, expected any of: read:things"])
def test_any_other_403_fails_the_stream(message: str, context: RequestContext):
    classification = classify_response(error_response(403, message, "insufficient_scope"), context)
    assert (ResponseAction.FAIL, False) == (classification.action, isinstance(classification.error, MissingScopeError))
    assert "Auth0 refused `things` (403 insufficient_scope" in message_of(classification)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("You can only page through the first 1000 records.", "invalid_paging"),
        ("Requesting page 10 exceeds the allowed maximum of 1000 records.", ""),
    ],
)
def test_the_cap_of_1000_paged_records_is_named(message: str, code: str):
    classification = classify_response(error_response(400, message, code), LIST)
    assert ResponseAction.FAIL == classification.action
    assert "`things` has more rows than Auth0 lets anyone page through by number" in message_of(classification)


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
def test_a_redirect_is_an_error(status: int):
    classification = classify_response(response_with(status, content=b""), LIST)
    assert ResponseAction.FAIL == classification.action
    assert f"(status {status}), where the token must not go" in message_of(classification)


@pytest.mark.parametrize("status", [206, 400, 405, 409, 414, 422])
def test_any_other_status_fails_the_stream(status: int):
    classification = classify_response(error_response(status, "Something new"), LIST)
    assert ResponseAction.FAIL == classification.action
    assert classification.error is not None
    assert FailureType.system_error == classification.error.failure_type
    assert f"({status}  Something new)" in message_of(classification)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 599])
def test_a_server_error_is_retried(status: int):
    classification = classify_response(response_with(status, content=b"<html>", reason="Unwell"), LIST)
    assert ResponseAction.RETRY == classification.action
    assert f"`things` with status {status} (Unwell)" in message_of(classification)
    assert classification.error is not None
    assert FailureType.transient_error == classification.error.failure_type


@pytest.mark.parametrize("message", ["Phone configuration not found", "No default domain found for this tenant"])
def test_unconfigured_settings_are_recognised_by_the_message_too(message: str):
    classification = classify_response(error_response(404, message), LIST)
    assert (
        Classification(ResponseAction.IGNORE, warning=f"`things` is empty: nothing is configured ({message})")
        == classification
    )


def test_an_unknown_name_in_a_path_is_skipped_below_a_parent():
    """A private cloud's release may lack a prompt."""
    response = error_response(
        400, "Path validation error: 'Invalid value \"passkeys\"' on property prompt (Name of the prompt)."
    )
    assert ResponseAction.FAIL == classify_response(response, LIST).action
    classification = classify_response(response, CHILD)
    assert ResponseAction.IGNORE == classification.action
    assert classification.warning.startswith("`things`: this tenant does not know some names (Path validation error")


def test_a_204_is_nothing_to_read_with_a_warning():
    warning = "`things`: Auth0 answered with status 204, nothing at all"
    expected = Classification(ResponseAction.IGNORE, warning=warning, is_doubtful=True)
    assert expected == classify_response(response_with(204, content=b""), LIST)


@pytest.mark.parametrize("status", [200, 201])
def test_a_201_is_a_success(status: int):
    assert Classification(ResponseAction.SUCCESS, body={"id": "job_1"}) == classify_response(
        response_with(status, {"id": "job_1"}), LIST
    )


def test_a_query_timeout_is_not_retried():
    """Although Auth0 reports it with status 503."""
    classification = classify_response(error_response(503, "The query exceeded the timeout of 2 seconds"), LIST)
    assert ResponseAction.FAIL == classification.action
    assert isinstance(classification.error, QueryTimeoutError)
    assert FailureType.transient_error == classification.error.failure_type


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("Insufficient scope, expected any of: read:things", False),
        ("Some fields cannot be read with the permissions granted", True),
    ],
)
def test_a_403_for_fields_is_marked_as_such(message: str, named: bool):
    error = classify_response(error_response(403, message), LIST).error
    assert isinstance(error, MissingScopeError)
    assert named is error.names_fields


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("Bearer", ResponseAction.REFRESH_TOKEN_THEN_RETRY),
        ("invalid_query", ResponseAction.FAIL),
        ("", ResponseAction.FAIL),
    ],
)
def test_a_malformed_token_is_recognised_by_the_error_code(code: str, action: ResponseAction):
    assert action == classify_response(error_response(400, "Bad HTTP authentication header format", code), LIST).action


@pytest.mark.parametrize("message", ["Not Found", ""])
def test_a_404_of_an_endpoint_that_may_be_missing_is_an_empty_stream(message: str):
    new = RequestContext("things", (), may_be_missing=True)
    classification = classify_response(error_response(404, message), new)
    assert ResponseAction.IGNORE == classification.action
    warning = f"`things` is empty: this tenant's release of Auth0 does not have it ({message or 'status 404'})"
    assert warning == classification.warning


@pytest.mark.parametrize(
    ("status", "classification"),
    [
        (200, Classification(ResponseAction.SUCCESS, body=True)),
        (404, Classification(ResponseAction.SUCCESS, body=False)),
    ],
)
def test_only_status_ignores_the_body(status: int, classification: Classification):
    assert classification == classify_response(
        response_with(status, content=b""), RequestContext("things", (), below_parent=True, only_status=True)
    )


@pytest.mark.parametrize("status", [204, 402, 410, 501])
def test_only_200_and_404_tell_whether_something_is_there(status: int):
    context = RequestContext("things", (), below_parent=True, only_status=True)
    classification = classify_response(response_with(status, content=b""), context)
    assert (ResponseAction.FAIL, None) == (classification.action, classification.body)


NOTHING_TO_READ = [
    response_with(204, content=b""),
    error_response(402, "Payment required"),
    error_response(410, "Gone"),
    response_with(501, content=b"<html>"),
    error_response(403, "Please upgrade your subscription.", "insufficient_entitlement"),
    error_response(400, "Feature not enabled for this tenant.", "feature_not_enabled"),
]


@pytest.mark.parametrize("response", NOTHING_TO_READ)
@pytest.mark.parametrize(
    ("context", "known"),
    [
        (RequestContext("things", known_to_exist=True), "it had answered before"),
        (RequestContext("things", below_parent=True, known_to_exist=True), "it had answered before"),
        (RequestContext("things", on_every_plan=True), "every tenant has"),
    ],
)
def test_nothing_to_read_is_not_believed_of_what_has_rows_or_what_every_tenant_has(
    response: requests.Response, context: RequestContext, known: str
):
    classification = classify_response(response, context)
    assert ResponseAction.RETRY == classification.action
    assert f"`things` with status {response.status_code} (" in message_of(classification)
    assert f"nothing to read, which {known}." in message_of(classification)
    assert FailureType.transient_error == classification.error.failure_type


@pytest.mark.parametrize(("known_to_exist", "below_parent"), [(True, True), (False, True), (True, False)])
def test_a_parent_may_vanish_amid_its_list_and_a_whole_list_may_not(known_to_exist: bool, below_parent: bool):
    """A route that a release may lack answers no second page with a 404 either."""
    context = RequestContext("things", (), below_parent, may_be_missing=True, known_to_exist=known_to_exist)
    classification = classify_response(error_response(404, "Not Found"), context)
    assert (ResponseAction.IGNORE if below_parent else ResponseAction.RETRY) == classification.action
    assert (known_to_exist and below_parent) == classification.is_doubtful


@pytest.mark.parametrize("response", NOTHING_TO_READ)
def test_nothing_to_read_is_doubtful_without_words(response: requests.Response):
    assert (response.status_code not in {400, 403}) == classify_response(response, LIST).is_doubtful


def test_only_status_still_retries_an_html_page_of_a_proxy():
    page = response_with(200, content=b"\n<!DOCTYPE html><html></html>")
    classification = classify_response(page, RequestContext("things", (), below_parent=True, only_status=True))
    assert ResponseAction.RETRY == classification.action
    assert "`things` with something that is no JSON" in message_of(classification)


@pytest.mark.parametrize(
    "message", ["Global limit has been reached", "Endpoint limit has been reached", "users_write group limit"]
)
def test_a_429_is_rate_limited(message: str):
    classification = classify_response(error_response(429, message, "too_many_requests"), LIST)
    assert ResponseAction.RATE_LIMITED == classification.action
    assert f"status 429 ({message})" in message_of(classification)


def test_a_429_without_a_body_is_rate_limited():
    assert "status 429 (no reason given)" in message_of(classify_response(response_with(429, content=b""), LIST))


@pytest.mark.parametrize("body", [{"message": "Invalid token"}, None, {}])
def test_a_401_renews_the_token(body: Any):
    classification = classify_response(response_with(401, body), LIST)
    assert ResponseAction.REFRESH_TOKEN_THEN_RETRY == classification.action
    assert f"({(body or {}).get('message', 'no reason given')})" in message_of(classification)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'"text"', b"<html>"])
def test_json_object_is_empty_for_anything_else(content: bytes):
    assert {} == json_object(response_with(403, content=content))


@given(st.integers(100, 599), st.binary(max_size=60), st.booleans())
def test_every_response_has_a_complete_classification(status: int, content: bytes, below_parent: bool):
    """A body, a warning, or an error with a message."""
    classification = classify_response(
        response_with(status, content=content), RequestContext("things", (), below_parent)
    )
    match classification.action:
        case ResponseAction.SUCCESS:
            assert classification.body is not None
        case ResponseAction.IGNORE:
            assert "`things`" in classification.warning
        case _:
            assert "`things`" in message_of(classification)


def _recorded() -> Iterator[tuple[int, dict[str, Any], list[str]]]:
    """Status, body and endpoints of each recorded error response to a GET that has Auth0's error envelope."""
    if not RECORDED.exists():
        return
    for entry in (entry for kind in json.loads(RECORDED.read_text()).values() for entry in kind):
        body = entry.get("body") or {"message": entry.get("message")}
        endpoints = list(entry.get("endpoints", [entry.get("endpoint", "")]))
        reads = [endpoint for endpoint in endpoints if "GET" in endpoint or "any Management API call" in endpoint]
        if reads and isinstance(body.get("message", body.get("error")), str):
            yield entry["status"], body, reads


def expected_action(status: int, body: dict[str, Any], below_parent: bool) -> ResponseAction:
    """The action that FACTS §1.7 and decision 9 of the design give for a response."""
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
    # Below a parent it may be about that one alone, which its reader decides; screens lack a custom domain together.
    is_ignored = any(words in message for words in (lacking[-1:] if below_parent else lacking))
    return ResponseAction.IGNORE if is_ignored else ResponseAction.FAIL


@pytest.mark.skipif(not RECORDED.exists(), reason="the recordings are not part of the package")
@pytest.mark.parametrize("below_parent", [False, True])
def test_every_recorded_error_is_classified_as_the_facts_say(below_parent: bool):
    recorded = list(_recorded())
    assert len(recorded) > 40
    actions = {
        (status, body.get("message"), endpoints[0]): classify_response(
            response_with(status, body), RequestContext("things", ("read:things",), below_parent)
        ).action
        for status, body, endpoints in recorded
    }
    expected = {
        (status, body.get("message"), endpoints[0]): expected_action(status, body, below_parent)
        for status, body, endpoints in recorded
    }
    assert expected == actions


@pytest.mark.skipif(not RECORDED.exists(), reason="the recordings are not part of the package")
def test_every_recorded_missing_scope_is_named():
    found = 0
    for status, body, _ in _recorded():
        if str(body.get("message")).startswith("Insufficient scope"):
            found += 1
            error = classify_response(response_with(status, body), LIST).error
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
        (headers(retry_after="7200"), 7200),
        (headers(x_ratelimit_reset=str(NOW + 30)), 30),
        (headers(x_ratelimit_reset=str(NOW + 7200)), MAX_BACKOFF_SECONDS),
        (headers(x_ratelimit_reset=str(NOW)), 0.5),
        (headers(x_ratelimit_reset=str(NOW - 90)), 0.5),
        (headers(x_ratelimit_reset="soon"), 4),
        (headers(retry_after="soon"), 4),
        (headers(retry_after="0"), MIN_BACKOFF_SECONDS),
        (headers(retry_after="-5"), MIN_BACKOFF_SECONDS),
        (headers(retry_after="3600"), 3600),
        (headers(retry_after="soon", x_ratelimit_reset=str(NOW + 30)), 30),
        (headers(retry_after=formatdate(NOW + 7, usegmt=True), x_ratelimit_reset=str(NOW + 30)), 7),
        (headers(retry_after=formatdate(NOW - 7, usegmt=True)), MIN_BACKOFF_SECONDS),
        ({"retry-after": formatdate(NOW + 7, usegmt=True)}, 4),
        (headers(retry_after="Mon, 99 Nov 99999 1:1:1 GMT"), 4),
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
def test_the_wait_after_a_429_uses_the_servers_clock(sent: dict[str, str], expected: float):
    """Retry-After, else the reset less the response's date, else exponential back-off."""
    assert expected == API_RETRY_POLICY.rate_limit_wait(requests.structures.CaseInsensitiveDict(sent), 3)


@pytest.mark.parametrize(
    ("message", "reason"), [("It needs a paid subscription.", "It needs a paid subscription."), ("", "status 402")]
)
def test_a_warning_quotes_auth0s_message_or_the_status(message: str, reason: str):
    assert (
        f"`things` is empty: the tenant lacks the feature ({reason})"
        == classify_response(error_response(402, message), LIST).warning
    )
    warning = classify_response(error_response(404, message), CHILD).warning
    assert warning.endswith(f"what it is read for ({reason.replace('402', '404')})")


def test_the_error_after_a_401_says_what_to_do():
    assert message_of(classify_response(response_with(401, {}), LIST)).endswith("or create a new token.")


def test_only_a_403_is_a_missing_scope():
    error = classify_response(error_response(422, "Insufficient scope, expected any of: read:things"), LIST).error
    assert error is not None
    assert not isinstance(error, MissingScopeError)


def test_an_error_without_a_message_names_the_reason_phrase_or_none():
    assert "(404 no reason given)" in message_of(classify_response(response_with(404, {}), LIST))
    assert "(404 Not Here)" in message_of(classify_response(response_with(404, {}, reason="Not Here"), LIST))


def test_a_non_json_body_is_described_by_content_type_and_size():
    response = response_with(200, content=b"<html>")
    response.headers["Content-Type"] = "text/html"
    assert "no JSON (text/html, 6 bytes)" in message_of(classify_response(response, LIST))


def test_back_off_doubles_up_to_a_minute():
    assert [1, 2, 4, 8, 16, 32, 60, 60] == [API_RETRY_POLICY.wait(attempt) for attempt in range(1, 9)]
