"""Normalizes the base URL and the audience of a config."""

import contextlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import config_error
from source_auth0.redaction.log_masking import SECRET_LIKE, quote_input

#: Hosts to which plain http is allowed: a simulated tenant on the same machine.
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
#: Labels of up to 63 characters with dots in between, or an IPv6 address without its brackets.
HOST_PATTERN = re.compile(r"^([^.\s:@]{1,63}(\.[^.\s:@]{1,63})*\.?|[0-9a-f:.]*:[0-9a-f:.]*)$")


def normalize_base_url(text: str) -> str:
    """`https://host[:port]` for a domain or a URL as people type it.

    Scheme, trailing slash, `/api/v2` and case do not matter; any host is accepted, since custom domains and private
    cloud may have any name. Raises a config error for what cannot be an Auth0 domain.
    """
    typed = text.strip()
    try:
        url = urlsplit(typed if "://" in typed else f"https://{typed}")
        host, port = (url.hostname or "").lower(), url.port
    except ValueError:
        raise _not_a_domain(typed) from None
    userinfo = url.username is not None or url.password is not None
    secret = SECRET_LIKE.fullmatch(host)
    if not HOST_PATTERN.match(host) or host in {"http", "https"} or userinfo or url.query or url.fragment or secret:
        raise _not_a_domain(typed)
    if url.path.strip("/").lower() not in {"", "api/v2"}:
        raise config_error(
            f"Base URL `{quote_input(host)}` has the path `{quote_input(url.path)}`, which no Auth0 domain has. "
            f"Enter the domain alone, such as `https://{quote_input(host)}`."
        )
    if url.scheme != "https" and not (url.scheme == "http" and host in LOOPBACK_HOSTS):
        raise config_error(
            f"Base URL `{quote_input(typed)}` does not use https. The access token travels to this address, so plain "
            f"http is only accepted for this machine's own addresses. Enter `https://{quote_input(host)}`."
        )
    host = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{host}{f':{port}' if port else ''}"


def _not_a_domain(typed: str) -> AirbyteTracedException:
    return config_error(
        f"Base URL `{quote_input(typed.rpartition('@')[2])}` is not an Auth0 domain. Enter the Domain that Auth0 shows "
        "under Applications › your application › Settings, such as `https://your-tenant.us.auth0.com`."
    )


def normalize_audience(text: str) -> str:
    """The Management API's identifier, which always ends in a slash (`https://TENANT/api/v2/`)."""
    typed = text.strip()
    return typed if typed.endswith("/") or not typed else f"{typed}/"


def normalize_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with normalized addresses; an invalid base URL stays as it is, for `Tenant.validate` to report."""
    normalized = dict(config)
    credentials = normalized.get("credentials")
    if isinstance(credentials, Mapping) and isinstance(credentials.get("audience"), str):
        normalized["credentials"] = {**credentials, "audience": normalize_audience(credentials["audience"])}
    if isinstance(normalized.get("base_url"), str):
        with contextlib.suppress(AirbyteTracedException):
            normalized["base_url"] = normalize_base_url(normalized["base_url"])
    return normalized
