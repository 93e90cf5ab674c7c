"""The token endpoint: token requests with retries, and what a person has to change for each error."""

import re
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.bodies import BodyTooLargeError, excerpt
from source_auth0.api.http.connection_errors import CONNECTION_ERRORS, connection_error
from source_auth0.api.http.response_errors import MAX_TOLD_SECONDS, json_object
from source_auth0.api.http.retry_policy import (
    ODD_SIGN_IN_RETRY_POLICY,
    SIGN_IN_RETRY_POLICY,
    RetryPolicy,
    retry_after_seconds,
)
from source_auth0.api.http.session import PooledSession, no_auth
from source_auth0.errors import GRANT_PATH, SignInRefusedError
from source_auth0.redaction.log_masking import MASK, mask_secret_like, quote_input

#: The codes with which an Action may deny a token, with a reason in its author's words:
#: https://auth0.com/docs/customize/actions/reference/credentials-exchange/credentials-exchange-api-object
ACTION_CODES = frozenset({"invalid_scope", "invalid_request", "server_error"})
UNKNOWN_REASON_ADVICE = (
    " The brackets have Auth0's own words. Look into Monitoring › Logs of the tenant, which has it as a failed "
    "exchange, and ask its administrator."
)
SETTINGS_PATH = "Applications › your application › Settings"
#: Visible ASCII, and no longer than a header may be.
TOKEN_PATTERN = re.compile(r"[\x21-\x7e]{1,32768}")


TokenForm = Mapping[str, str]


class TokenEndpointBusyError(AirbyteTracedException):
    """A 429 or 5xx of the token endpoint, with the seconds that it asks to wait: 0 where it does not say."""

    def __init__(self, message: str, retry_after: float) -> None:
        self.retry_after = retry_after
        asked = f" It asks to wait {retry_after:,.0f} seconds." if retry_after else ""
        super().__init__(message=message + asked, internal_message=message, failure_type=FailureType.transient_error)


class NotAnAuth0TenantError(SignInRefusedError):
    """The host responded, but not as Auth0's token endpoint does."""

    def __init__(self, host: str, status: int | None = None) -> None:
        self.status = status
        what = "an answer without an end" if status is None else f"status {status}"
        message = (
            f"{host} does not answer like an Auth0 tenant ({what} for /oauth/token). Check the Base URL (`base_url`): "
            f"it is the Domain shown under {SETTINGS_PATH}."
        )
        super().__init__(message)


def request_token(  # noqa: PLR0913 - what is known of the endpoint, and two callables
    base_url: str,
    make_form: Callable[[], TokenForm],
    observe_date: Callable[[str | None], None],
    *,
    policy: RetryPolicy = SIGN_IN_RETRY_POLICY,
    has_signed_in: bool = False,
    is_known_host: bool = False,
) -> dict[str, Any]:
    """Request a token, with retries by this policy while the endpoint is only busy.

    Each attempt has a form of its own, since a client assertion is valid once; `observe_date` gets the `Date` of each
    response. `has_signed_in`: it has issued a token before, so that an odd response must come from a proxy in between.
    `is_known_host`: this sync or an earlier one has read from there, so that its name is right.
    The response has `access_token`, and mostly `expires_in` (seconds) and `scope` (separated by spaces).

    Raises a config error that names what to change, or a transient one when the endpoint stays out of reach.
    """
    began_at, is_known_host = time.monotonic(), is_known_host or has_signed_in
    for attempt in count(1):
        try:
            return _attempt(base_url, make_form(), observe_date, policy.timeout, is_known_host=is_known_host)
        except AirbyteTracedException as error:
            wait = max(policy.wait(attempt), error.retry_after if isinstance(error, TokenEndpointBusyError) else 0.0)
            elapsed = time.monotonic() - began_at + wait + sum(policy.timeout)
            action = _action_after(error, attempt, has_signed_in=has_signed_in)
            if action is ResponseAction.FAIL or not policy.allows_another(attempt, elapsed):
                raise
        time.sleep(wait)
    raise AssertionError


def _action_after(error: AirbyteTracedException, attempt: int, *, has_signed_in: bool) -> ResponseAction:
    """RETRY where another attempt may succeed, else FAIL."""
    if isinstance(error, NotAnAuth0TenantError):
        may_recover = error.status == requests.codes.ok and attempt < ODD_SIGN_IN_RETRY_POLICY.attempts
        return ResponseAction.RETRY if has_signed_in or may_recover else ResponseAction.FAIL
    return ResponseAction.RETRY if error.failure_type == FailureType.transient_error else ResponseAction.FAIL


def _attempt(
    base_url: str,
    form: TokenForm,
    observe_date: Callable[[str | None], None],
    timeout: tuple[float, float],
    *,
    is_known_host: bool,
) -> dict[str, Any]:
    try:
        with PooledSession() as session:
            response = session.post(
                f"{base_url}/oauth/token", data=form, timeout=timeout, allow_redirects=False, auth=no_auth
            )
    except CONNECTION_ERRORS as error:
        raise connection_error(base_url, error, is_known_host=is_known_host) from None
    except BodyTooLargeError:
        raise NotAnAuth0TenantError(urlsplit(base_url).netloc) from None
    observe_date(response.headers.get("date"))
    body = json_object(response)
    token = body.get("access_token")
    if response.status_code == requests.codes.ok and isinstance(token, str) and TOKEN_PATTERN.fullmatch(token):
        return body
    raise _refused_error(base_url, form, response, body)


def _refused_error(
    base_url: str, form: TokenForm, response: requests.Response, body: Mapping[str, Any]
) -> AirbyteTracedException:
    host, status = urlsplit(base_url).netloc, response.status_code
    error, description = _masked_excerpt(body, "error", form), _masked_excerpt(body, "error_description", form)
    if status == requests.codes.too_many_requests or status >= requests.codes.server_error:
        return TokenEndpointBusyError(
            f"{host} could not give an access token just now ({status} {description or excerpt(response.reason)}). "
            f"Try again later.{_action_advice(error, description)}",
            min(retry_after_seconds(response.headers) or 0.0, MAX_TOLD_SECONDS),
        )
    if not error:
        return NotAnAuth0TenantError(host, status)
    advice = _advice(error, description, form, host)
    if advice is None:
        return SignInRefusedError(
            f"{host} refused to give an access token ({status} {error}: {description})."
            f"{_action_advice(error, description) or UNKNOWN_REASON_ADVICE}"
        )
    # What follows is a link to a page that is gone.
    words = description.partition(" See: http")[0].rstrip(".")
    words = f" Auth0's own words are: {words} ({status} {error})." if words else ""
    return SignInRefusedError(f"{advice}{words}")


def _masked_excerpt(body: Mapping[str, Any], name: str, form: TokenForm) -> str:
    """A text of the response, masked, since it may repeat the secrets that were sent."""
    text = body.get(name)
    if not isinstance(text, str):
        return ""
    for secret in (form.get("client_secret"), form.get("client_assertion")):
        text = text.replace(secret, MASK) if secret else text
    return excerpt(mask_secret_like(text))


def _advice(error: str, description: str, form: TokenForm, host: str) -> str | None:
    """What to change for a refusal, recognized by Auth0's wording; None for an unknown one."""
    if error == "unauthorized_client" and "Grant type" in description:
        return (
            f"The application may not use the Client Credentials grant. Switch it on in {host} under {SETTINGS_PATH} › "
            "Advanced Settings › Grant Types; the application has to be of the type Machine to Machine."
        )
    if description.startswith(("Service not found", "Service not enabled")):
        return (
            f"Audience (`credentials.audience`) `{quote_input(form['audience'])}` is not an API of {host}. Enter the "
            "Identifier shown under "
            "Applications › APIs › Auth0 Management API: `https://YOUR_TENANT/api/v2/`, even where a custom domain is "
            "used."
        )
    if "is not authorized to access" in description or "has not been granted scopes" in description:
        return (
            f"The application is not authorized for the Management API of {host}. Authorize it under {GRANT_PATH}, and "
            "grant it the read scopes of what you want to sync."
        )
    if "Non-global clients" in description:
        return (
            f"Audience is missing. Enter the Identifier of the Auth0 Management API, such as `https://{host}/api/v2/`."
        )
    # Any other `access_denied` has a reason that its words tell, such as a tenant that is suspended.
    is_unknown_client = error == "access_denied" and description in {"", "Unauthorized"}
    return _wrong_credentials_advice(form, host) if is_unknown_client or error == "invalid_client" else None


def _action_advice(error: str, description: str) -> str:
    """Where the words of a refusal may come from; the code is one that a customer's own Action may give."""
    if error not in ACTION_CODES or not description:
        return ""
    return (
        " These may be words of your own: an Action of the tenant may deny the token. Look under Actions › Triggers › "
        "Credentials Exchange, and in Monitoring › Logs."
    )


def _wrong_credentials_advice(form: TokenForm, host: str) -> str:
    if "client_assertion" in form:
        return (
            f"{host} refused the Client ID or the Private Key. Under Applications › your application › Credentials, "
            "the authentication method has to be Private Key JWT, with the public key that belongs to yours and the "
            "same algorithm. Check too that the Base URL is that tenant's, and that this machine's clock is right."
        )
    return (
        f"{host} refused the Client ID or the Client Secret. Copy both again (`credentials.client_id`, "
        f"`credentials.client_secret`) from {SETTINGS_PATH}, and check that the Base URL (`base_url`) is that tenant's."
    )
