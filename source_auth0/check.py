"""The connection check: one sign-in, one diagnosis of scopes, one row."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from source_auth0.api.auth.authenticators import TenantAuthenticator
from source_auth0.api.auth.scopes import family_table, how_to_grant, missing_scope_warnings, missing_scopes
from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.retry_policy import CHECK_RETRY_POLICY
from source_auth0.api.tenant import Tenant
from source_auth0.errors import MissingScopeError, config_error, transient_error

#: Seconds after which no further stream is tried, where the token does not tell its scopes.
MAX_TRYING_SECONDS = 25.0
#: Archetype to the query parameters that ask for one row.
ONE_ROW_QUERIES: Mapping[str, Mapping[str, str]] = {
    "checkpointed": {"take": "1"},
    "paged": {"page": "0", "per_page": "1"},
    "searched": {"page": "0", "per_page": "1"},
}


def check_tenant(  # noqa: PLR0913, PLR0917 - the inputs of a check
    tenant: Tenant,
    authenticator: TenantAuthenticator,
    url: str,
    streams: Mapping[str, Mapping[str, Any]],
    families: Mapping[str, str],
    logger: logging.Logger,
) -> None:
    """Sign in, log which streams each missing scope costs, and read one row of the first readable stream.

    `streams` is stream name to definition, `families` stream name to family. Raises a config error when the sign-in
    fails or nothing is readable.
    """
    authenticator.renewal_seconds = 0
    readable = _readable_streams(authenticator, streams, families, logger)
    began_at = time.monotonic()
    for name in readable:
        parameters = streams[name]["$parameters"]
        if "stream_partition" in parameters["resource"] or not parameters["required_scopes"]:
            continue  # needs a parent's row, or has static rows that prove nothing
        api = ManagementApiRequester(
            tenant,
            name,
            url,
            authenticator=authenticator,
            retry_policy=CHECK_RETRY_POLICY,
            **_requester_parameters(parameters),
        )
        try:
            _read_one(api, streams[name])
        except MissingScopeError as missing:
            logger.warning(missing.message)
            if time.monotonic() - began_at > MAX_TRYING_SECONDS:
                raise transient_error(
                    f"{tenant.domain} answers so slowly that no readable stream was found within "
                    f"{MAX_TRYING_SECONDS:.0f} seconds. Test the connection again later."
                ) from None
            continue
        logger.info(f"Signed in to {tenant.domain}; {len(readable)} of {len(streams)} streams are readable.")
        return
    raise _nothing_readable_error(streams)


def _readable_streams(
    authenticator: TenantAuthenticator,
    streams: Mapping[str, Mapping[str, Any]],
    families: Mapping[str, str],
    logger: logging.Logger,
) -> list[str]:
    required = {name: stream["$parameters"]["required_scopes"] for name, stream in streams.items()}
    granted = authenticator.scopes
    if granted is None:
        logger.info("The access token does not tell its scopes; streams are tried instead.")
        return list(streams)
    logger.info(family_table(families, required, granted))
    costs = missing_scopes(required, granted)
    for line in missing_scope_warnings(costs):
        logger.warning(line)
    if costs:
        logger.warning(how_to_grant(costs))
    return [name for name, scopes in required.items() if granted.issuperset(scopes)]


def _read_one(api: ManagementApiRequester, stream: Mapping[str, Any]) -> None:
    archetype = stream["retriever"]["$ref"].rpartition("/")[2]
    if archetype != "streamed":
        api.get(None, ONE_ROW_QUERIES.get(archetype, {}))
    elif (response := api.open_event_stream({})) is not None:
        # The response never ends; that it opens is enough.
        response.close()


def _requester_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: parameters[key] for key in ("resource", "query", "query_withholding", "may_be_missing", "required_scopes")
    }


def _nothing_readable_error(streams: Mapping[str, Mapping[str, Any]]) -> Exception:
    scopes = sorted({scope for stream in streams.values() for scope in stream["$parameters"]["required_scopes"]})
    return config_error(f"The application may sign in, but read nothing. {how_to_grant(scopes)}")
