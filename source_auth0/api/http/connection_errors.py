"""Requests that got no response: what each kind of connection error means, and what to change."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
import urllib3
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import config_error, transient_error

MISSING_CA_BUNDLE = "Could not find a suitable TLS CA certificate bundle"
#: What a request without a response raises: the errors of `requests` are OSErrors, as is that of a missing CA bundle;
#: a malformed host name is an error of urllib3 or of the codec.
CONNECTION_ERRORS = (OSError, urllib3.exceptions.HTTPError, UnicodeError)
CHECK_NAME = (
    "Check the Base URL (`base_url`) for a typing error: it is the Domain that Auth0 shows under Applications › your "
    "application › Settings."
)
CHECK_PROXY = "Check the environment variables HTTPS_PROXY and NO_PROXY, and what the proxy lets through."


def connection_error(base_url: str, error: Exception, *, is_known_host: bool = False) -> AirbyteTracedException:
    """The error for a failed connection, by its cause; it repeats nothing of the request, which holds the secret.

    is_known_host: the host has responded before, in this sync or in the one that left the state, so that its name is
    right. A passing failure to resolve a name is an outage as any other.
    """
    host, cause = urlsplit(base_url).netloc, repr(error)
    if isinstance(error, (urllib3.exceptions.LocationParseError, UnicodeError)):
        return config_error(f"{host} is no name of a host. {CHECK_NAME}")
    if (
        isinstance(error, requests.exceptions.SSLError) and "certificate" in cause.lower()
    ) or MISSING_CA_BUNDLE in cause:
        return config_error(_untrusted_certificate(host, cause))
    causes = list(_causes(error))
    proxied = isinstance(error, requests.exceptions.ProxyError)
    if unresolved := next((one for one in causes if isinstance(one, socket.gaierror)), None):
        return _unresolved(host, unresolved, proxied=proxied, is_known_host=is_known_host)
    if isinstance(error, requests.exceptions.Timeout) or any(isinstance(one, TimeoutError) for one in causes):
        return transient_error(
            f"{'The proxy on the way to ' if proxied else ''}{host} did not answer in time. Check "
            f"{'HTTPS_PROXY' if proxied else 'the Base URL (`base_url`)'}, and that this machine may reach it on "
            f"{'its port' if proxied else 'port 443'}."
        )
    if proxied:
        return config_error(f"The proxy on the way to {host} refused the connection. {CHECK_PROXY}")
    return transient_error(
        f"The connection to {host} failed ({type(error).__name__}). Check the Base URL (`base_url`) and "
        "this machine's network: whether it reaches the internet, and whether a firewall lets it through."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that caused it, each once; `requests` and urllib3 keep causes in arguments and in `reason`."""
    found, pending = set[int](), [error]
    while pending:
        one = pending.pop()
        if id(one) not in found:
            found.add(id(one))
            yield one
            behind = (*one.args, getattr(one, "reason", None), one.__cause__)
            pending += [cause for cause in behind if isinstance(cause, BaseException)]


def _unresolved(host: str, error: socket.gaierror, *, proxied: bool, is_known_host: bool) -> AirbyteTracedException:
    """Only "no such name" points to a typing error; others, such as EAI_AGAIN, pass."""
    if error.errno != socket.EAI_NONAME:
        return transient_error(
            f"The name {'of the proxy on the way to ' if proxied else ''}{host} could not be resolved just now "
            f"({error.strerror}). Check this machine's DNS, and try again later."
        )
    if proxied:
        return config_error(f"There is no host of the name of the proxy on the way to {host}. {CHECK_PROXY}")
    if is_known_host:
        return transient_error(
            f"The name {host}, which was read from before, could not be resolved. Check this machine's DNS, and "
            "whether the Base URL (`base_url`) has changed."
        )
    return config_error(f"There is no host named {host}. {CHECK_NAME}")


def _untrusted_certificate(host: str, cause: str) -> str:
    if MISSING_CA_BUNDLE in cause:
        return (
            "The file of certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names is not there. Correct its path; "
            f"without it nothing is sent to {host}."
        )
    return (
        f"The TLS certificate of {host} could not be verified. Check the Base URL (`base_url`); behind a proxy that "
        "re-signs traffic, point REQUESTS_CA_BUNDLE at its certificate."
    )
