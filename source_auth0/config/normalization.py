"""Normalizes the base URL and the audience of a config."""

import contextlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.config.pasted_text import bare_token, is_quoted, trimmed
from source_auth0.errors import config_error
from source_auth0.redaction.log_masking import SECRET_LIKE, quote_input

#: Hosts to which plain http is allowed: a simulated tenant on the same machine.
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
#: Labels of up to 63 characters with dots in between, or an IPv6 address without its brackets.
HOST_PATTERN = re.compile(r"^([^.\s:@]{1,63}(\.[^.\s:@]{1,63})*\.?|[0-9a-f:.]*:[0-9a-f:.]*)$")

#: Auth0's own sites, whose paths name a region and a tenant.
DASHBOARD_HOSTS = frozenset({"manage.auth0.com", "auth0.auth0.com"})
DASHBOARD_PATH = re.compile(r"/dashboard/([a-z0-9-]+)/([A-Za-z0-9_-]+)")
#: Fields that have to hold something, in the config and in its credentials.
REQUIRED_FIELDS = frozenset(
    {"base_url", "credentials", "auth_type", "audience", "client_id", "client_secret", "private_key", "access_token"}
)


def normalize_base_url(text: str) -> str:
    """`https://host[:port]` for a domain or a URL as people type it.

    Scheme, trailing slash, `/api/v2` and case do not matter; any host is accepted, since custom domains and private
    cloud may have any name. Raises a config error for what cannot be an Auth0 domain.
    """
    typed = trimmed(text)
    if is_quoted(typed):
        raise config_error(
            f"Base URL (`base_url`) is `{quote_input(typed)}`, in quotation marks. Enter the domain without them, "
            "such as `https://your-tenant.us.auth0.com`."
        )
    try:
        url = urlsplit(typed if "://" in typed else f"https://{typed}")
        host, port = (url.hostname or "").lower(), url.port
    except ValueError:
        raise _not_a_domain(typed) from None
    if host in DASHBOARD_HOSTS:
        raise _dashboard_error(url.path + url.fragment)
    userinfo = url.username is not None or url.password is not None
    secret = SECRET_LIKE.fullmatch(host)
    if not HOST_PATTERN.match(host) or host in {"http", "https"} or userinfo or url.query or url.fragment or secret:
        raise _not_a_domain(typed)
    if url.path.strip("/").lower() not in {"", "api/v2"}:
        raise config_error(
            f"Base URL (`base_url`) `{quote_input(host)}` has the path `{quote_input(url.path)}`, which no Auth0 "
            f"domain has. Enter the domain alone, such as `https://{quote_input(host)}`."
        )
    if url.scheme != "https" and not (url.scheme == "http" and host in LOOPBACK_HOSTS):
        raise config_error(
            f"Base URL (`base_url`) `{quote_input(typed)}` does not use https. The access token travels to this "
            "address, so plain http is only accepted for this machine's own addresses. Enter "
            f"`https://{quote_input(host)}`."
        )
    host = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{host}{f':{port}' if port else ''}"


def _not_a_domain(typed: str) -> AirbyteTracedException:
    return config_error(
        f"Base URL (`base_url`) `{quote_input(typed.rpartition('@')[2])}` is not an Auth0 domain. Enter the Domain "
        "that Auth0 shows under Applications › your application › Settings, such as "
        "`https://your-tenant.us.auth0.com`."
    )


def _dashboard_error(path: str) -> AirbyteTracedException:
    """The error for the dashboard's address, whose path names the tenant: `/dashboard/us/acme/applications`."""
    match = DASHBOARD_PATH.search(path)
    region, tenant = (quote_input(match[1]), quote_input(match[2])) if match else ("us", "your-tenant")
    return config_error(
        "Base URL (`base_url`) is the address of Auth0's dashboard, where people sign in. Enter your tenant's own "
        f"domain, such as `https://{tenant}.{region}.auth0.com`: the dashboard shows it as Domain under Applications "
        "› your application › Settings."
    )


def normalize_audience(text: str) -> str:
    """The Management API's identifier, which always ends in a slash (`https://TENANT/api/v2/`)."""
    typed = trimmed(text)
    return typed if typed.endswith("/") or not typed else f"{typed}/"


def normalize_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with normalized addresses and trimmed credentials, and without optional fields that hold nothing.

    What is null or blank is what a form leaves of an empty field. An invalid base URL stays as it is, for
    `Tenant.validate` to report.
    """
    normalized = {name: value for name, value in config.items() if not _is_unset(name, value)}
    if isinstance(credentials := normalized.get("credentials"), Mapping):
        normalized["credentials"] = {
            name: _normalize_credential(name, value)
            for name, value in credentials.items()
            if not _is_unset(name, value)
        }
    if isinstance(normalized.get("start_date"), str):
        normalized["start_date"] = trimmed(normalized["start_date"])
    if isinstance(normalized.get("base_url"), str):
        with contextlib.suppress(AirbyteTracedException):
            normalized["base_url"] = normalize_base_url(normalized["base_url"])
    return normalized


def _normalize_credential(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    normalize = {"audience": normalize_audience, "access_token": bare_token}.get(name, trimmed)
    return normalize(value)


def _is_unset(name: str, value: Any) -> bool:
    """Whether a field holds nothing; a required one that is blank says so in a sentence of its own."""
    return value is None or (name not in REQUIRED_FIELDS and isinstance(value, str) and not trimmed(value))
