"""Requests that got no response: what each kind of connection error means, and what to change."""

from urllib.parse import urlsplit

import requests
import urllib3
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import config_error, transient_error

MISSING_CA_BUNDLE = "Could not find a suitable TLS CA certificate bundle"
#: What a request without a response raises: the errors of `requests` are OSErrors, as is that of a missing CA bundle;
#: a malformed host name is an error of urllib3 or of the codec.
CONNECTION_ERRORS = (OSError, urllib3.exceptions.HTTPError, UnicodeError)


def connection_error(base_url: str, error: Exception) -> AirbyteTracedException:
    """The error for a failed connection, by its cause; it repeats nothing of the request, which holds the secret."""
    host, cause = urlsplit(base_url).netloc, repr(error)
    if isinstance(error, (urllib3.exceptions.LocationParseError, UnicodeError)):
        return config_error(f"{host} is no name of a host. Check the Base URL for a typing error.")
    if (
        isinstance(error, requests.exceptions.SSLError) and "certificate" in cause.lower()
    ) or MISSING_CA_BUNDLE in cause:
        return config_error(_untrusted_certificate(host, cause))
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


def _untrusted_certificate(host: str, cause: str) -> str:
    if MISSING_CA_BUNDLE in cause:
        return (
            "The file of certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names is not there. Correct its path; "
            f"without it nothing is sent to {host}."
        )
    return (
        f"The TLS certificate of {host} could not be verified. Check the Base URL; behind a proxy that re-signs "
        "traffic, point REQUESTS_CA_BUNDLE at its certificate."
    )
