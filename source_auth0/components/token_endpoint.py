"""The token endpoint: how it is asked, and what each of its answers tells a person to change."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.components.bodies import TooLargeError, words
from source_auth0.components.connections import Connections, unsigned
from source_auth0.components.masking import MASK, masked, quoted
from source_auth0.components.problems import GRANT_PATH, config_error, transient_error
from source_auth0.components.refusals import json_object

#: Connect and read timeouts of one attempt, and what all attempts together may take: a check answers within 30 s, and
#: one attempt that gets no answer leaves time for another.
TIMEOUT = (5, 10)
PATIENCE = 28
#: The same amid a sync, which would lose hours of work; and the longest wait between two attempts.
PATIENCE_LATER = 300
LONGEST_WAIT = 30.0
#: Seconds waited by which an odd answer of an endpoint that has never given a token is no accident.
ODD = 4.0
SETTINGS = "Applications › your application › Settings"
#: Visible ASCII, as in a header, and no longer than one may be.
TOKEN = re.compile(r"[\x21-\x7e]{1,32768}")
NO_CERTIFICATES = "Could not find a suitable TLS CA certificate bundle"
#: What is raised for a request that gets no answer: the errors of `requests` are OSErrors, as is that of a missing file
#: of certificates; a host that is none at all is told apart by urllib3 alone.
UNSENT = (OSError, urllib3.exceptions.HTTPError, UnicodeError)


Form = Mapping[str, str]


class NoTenant(AirbyteTracedException):
    """Something answered that does not speak as Auth0 does."""

    def __init__(self, host: str, status: int | None = None) -> None:
        self.status = status
        what = "an answer without an end" if status is None else f"status {status}"
        message = (
            f"{host} does not answer like an Auth0 tenant ({what} for /oauth/token). Check the Base URL: it is the "
            f"Domain shown under {SETTINGS}."
        )
        super().__init__(message=message, internal_message=message, failure_type=FailureType.config_error)


def request_token(
    base_url: str,
    make_form: Callable[[], Form],
    observe_date: Callable[[str | None], None],
    *,
    seconds: float = PATIENCE,
    known: bool = False,
) -> dict[str, Any]:
    """Ask for a token, again for so many seconds while the endpoint is only busy.

    Each attempt has a form of its own, since a client assertion is good once; `observe_date` is told the `Date` of
    each answer. `known`: it has given a token before, so that something in between must have answered what makes no
    sense. The answer has `access_token`, and mostly `expires_in` (seconds) and `scope` (separated by spaces).

    Raises a config error that names what to change, or a transient one when the endpoint stays out of reach.
    """
    began, wait = time.monotonic(), 1.0
    while True:
        try:
            return _attempt(base_url, make_form(), observe_date)
        except AirbyteTracedException as error:
            is_late = time.monotonic() - began + wait + sum(TIMEOUT) > seconds
            if is_late or not _may_pass(error, wait, known=known):
                raise
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)


def _may_pass(error: AirbyteTracedException, wait: float, *, known: bool) -> bool:
    """Whether another attempt may fare better."""
    if isinstance(error, NoTenant):
        return known or (error.status == requests.codes.ok and wait < ODD)
    return bool(error.failure_type == FailureType.transient_error)


def unreachable(base_url: str, error: Exception) -> AirbyteTracedException:
    """What a broken connection means, by its kind; nothing of the request is repeated, since it holds the secret."""
    host, cause = urlsplit(base_url).netloc, repr(error)
    if isinstance(error, (urllib3.exceptions.LocationParseError, UnicodeError)):
        return config_error(f"{host} is no name of a host. Check the Base URL for a typing error.")
    if (isinstance(error, requests.exceptions.SSLError) and "certificate" in cause.lower()) or NO_CERTIFICATES in cause:
        return config_error(_distrust(host, cause))
    if isinstance(error, requests.exceptions.ProxyError):
        return config_error(f"The proxy on the way to {host} refused the connection. Check HTTPS_PROXY and NO_PROXY.")
    if "NameResolutionError" in cause or "getaddrinfo" in cause:
        return config_error(f"There is no host named {host}. Check the Base URL for a typing error.")
    if isinstance(error, requests.exceptions.Timeout):
        return transient_error(
            f"{host} did not answer in time. Check the Base URL, and that this machine may reach it on port 443."
        )
    return transient_error(
        f"The connection to {host} failed ({type(error).__name__}). Check the Base URL and this machine's network."
    )


def _distrust(host: str, cause: str) -> str:
    if NO_CERTIFICATES in cause:
        return (
            "The file of certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names is not there. Correct its path; "
            f"without it nothing is sent to {host}."
        )
    return (
        f"The TLS certificate of {host} could not be verified. Check the Base URL; behind a proxy that re-signs "
        "traffic, point REQUESTS_CA_BUNDLE at its certificate."
    )


def _attempt(base_url: str, form: Form, observe_date: Callable[[str | None], None]) -> dict[str, Any]:
    try:
        with Connections() as session:
            answer = session.post(
                f"{base_url}/oauth/token", data=form, timeout=TIMEOUT, allow_redirects=False, auth=unsigned
            )
    except UNSENT as error:
        raise unreachable(base_url, error) from None
    except TooLargeError:
        raise NoTenant(urlsplit(base_url).netloc) from None
    observe_date(answer.headers.get("date"))
    body = json_object(answer)
    token = body.get("access_token")
    if answer.status_code == requests.codes.ok and isinstance(token, str) and TOKEN.fullmatch(token):
        return body
    raise _refusal(base_url, form, answer, body)


def _refusal(base_url: str, form: Form, answer: requests.Response, body: Mapping[str, Any]) -> AirbyteTracedException:
    host = urlsplit(base_url).netloc
    error, said = _said(body, "error", form), _said(body, "error_description", form)
    if answer.status_code == requests.codes.too_many_requests or answer.status_code >= requests.codes.server_error:
        return transient_error(
            f"{host} could not give an access token just now ({answer.status_code} {said or words(answer.reason)}). "
            "Try again later."
        )
    if not error:
        return NoTenant(host, answer.status_code)
    return config_error(
        _advice(error, said, form, host)
        or f"{host} refused to give an access token ({answer.status_code} {error}: {said})."
    )


def _said(body: Mapping[str, Any], name: str, form: Form) -> str:
    """A text of an answer, which may repeat what was sent."""
    text = body.get(name)
    if not isinstance(text, str):
        return ""
    for secret in (form.get("client_secret"), form.get("client_assertion")):
        text = text.replace(secret, MASK) if secret else text
    return words(masked(text))


def _advice(error: str, said: str, form: Form, host: str) -> str | None:
    """What to change for a refusal, told apart as Auth0 words them."""
    if error == "unauthorized_client" and "Grant type" in said:
        return (
            f"The application may not use the Client Credentials grant. Switch it on in {host} under {SETTINGS} › "
            "Advanced Settings › Grant Types; the application has to be of the type Machine to Machine."
        )
    if said.startswith(("Service not found", "Service not enabled")):
        return (
            f"Audience `{quoted(form['audience'])}` is not an API of {host}. Enter the Identifier shown under "
            "Applications › APIs › Auth0 Management API: `https://YOUR_TENANT/api/v2/`, even where a custom domain is "
            "used."
        )
    if "is not authorized to access" in said or "has not been granted scopes" in said:
        return (
            f"The application is not authorized for the Management API of {host}. Authorize it under {GRANT_PATH}, and "
            "grant it the read scopes of what you want to sync."
        )
    if "Non-global clients" in said:
        return (
            f"Audience is missing. Enter the Identifier of the Auth0 Management API, such as `https://{host}/api/v2/`."
        )
    return _unproven(form, host) if error in {"access_denied", "invalid_client"} else None


def _unproven(form: Form, host: str) -> str:
    if "client_assertion" in form:
        return (
            f"{host} refused the Client ID or the Private Key. Under Applications › your application › Credentials, "
            "the authentication method has to be Private Key JWT, with the public key that belongs to yours and the "
            "same algorithm. Check too that the Base URL is that tenant's, and that this machine's clock is right."
        )
    return (
        f"{host} refused the Client ID or the Client Secret. Copy both again from {SETTINGS}, and check that the "
        "Base URL is that tenant's."
    )
