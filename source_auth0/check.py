"""The connection check: one sign-in, one diagnosis of scopes, one row, and what a config may have got wrong."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.auth.authenticators import TenantAuthenticator
from source_auth0.api.auth.scopes import (
    family_table,
    how_to_grant,
    missing_scope_warnings,
    missing_scopes,
    readable_table,
)
from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.retry_policy import CHECK_RETRY_POLICY, MAX_CHECK_SECONDS, SINGLE_SIGN_IN_RETRY_POLICY
from source_auth0.api.tenant import Tenant
from source_auth0.config.audience import unusual_audience_note
from source_auth0.config.excluded_fields import misspelled_fields_problem
from source_auth0.config.start_date import future_start_date_problem
from source_auth0.errors import GRANT_PATH, MissingScopeError, config_error, transient_error
from source_auth0.redaction.log_masking import quote_input

#: Archetype to the query parameters that ask for one row.
ONE_ROW_QUERIES: Mapping[str, Mapping[str, str]] = {
    "checkpointed": {"take": "1"},
    "paged": {"page": "0", "per_page": "1"},
    "searched": {"page": "0", "per_page": "1"},
    "owned_roles": {"page": "0", "per_page": "1"},
    "full_list": {"page": "0", "per_page": "1"},
}
#: Names of connections that a check looks up, each with one request.
MAX_CONNECTIONS_CHECKED = 20

Definitions = Mapping[str, Mapping[str, Any]]


def finish_in_time(check: Callable[[], None], host: str) -> None:
    """Run a check of a host to its end; raises what it raises, or a transient error after `MAX_CHECK_SECONDS`."""
    ended: Future[None] = Future()

    def run() -> None:
        try:
            ended.set_result(check())  # type: ignore[func-returns-value] # it ends, or raises
        except BaseException as error:  # noqa: BLE001 - the waiting thread raises it
            ended.set_exception(error)

    thread = threading.Thread(target=run, name="check", daemon=True)
    thread.start()
    thread.join(MAX_CHECK_SECONDS)
    if thread.is_alive():
        raise transient_error(
            f"{host} answers so slowly that the check was not done within {MAX_CHECK_SECONDS:.0f} seconds. Test the "
            "connection again later."
        )
    ended.result()


def check_tenant(  # noqa: PLR0913, PLR0917 - the inputs of a check
    tenant: Tenant,
    authenticator: TenantAuthenticator,
    url: str,
    streams: Definitions,
    families: Mapping[str, str],
    logger: logging.Logger,
) -> None:
    """Sign in, log what the token may read, and read one row of the first readable stream.

    `streams` is stream name to definition, `families` stream name to family. Raises a config error when the sign-in
    fails, nothing is readable, or the config would have a sync read nothing, or what it should leave out.
    """
    began_at, authenticator.renewal_policy = time.monotonic(), SINGLE_SIGN_IN_RETRY_POLICY

    def requester(name: str) -> ManagementApiRequester:
        return ManagementApiRequester(
            tenant.config,
            name,
            url,
            authenticator=authenticator,
            retry_policy=CHECK_RETRY_POLICY,
            **_requester_parameters(streams[name]["$parameters"]),
        )

    note = unusual_audience_note(tenant.config)
    try:
        readable = _readable_streams(authenticator, streams, families, logger)
        if not _read_first(readable, streams, requester, logger):
            raise _nothing_readable_error(streams)
    except AirbyteTracedException as error:
        raise _with_note(error, note) from None
    if note:
        logger.warning(note)
    for warning in _unknown_connection_warnings(tenant, authenticator, streams, requester, began_at):
        logger.warning(warning)
    logger.info(f"Signed in to {tenant.domain}; {len(readable)} of {len(streams)} streams can be read.")
    attributes = {*streams["users"]["schema_loader"]["schema"]["properties"]} if "users" in streams else set()
    for problem in (
        misspelled_fields_problem(tenant.config, attributes),
        future_start_date_problem(tenant.config, tenant.now()),
    ):
        if problem:
            raise config_error(problem)


def _with_note(error: AirbyteTracedException, note: str | None) -> AirbyteTracedException:
    if note and not str(error.message).startswith("Audience"):
        error.message = f"{error.message} {note}"
    return error


def _readable_streams(
    authenticator: TenantAuthenticator,
    streams: Definitions,
    families: Mapping[str, str],
    logger: logging.Logger,
) -> list[str]:
    """The streams whose scopes are granted; the log gets a short table of them, and with `--debug` what others lack."""
    required = {name: stream["$parameters"]["required_scopes"] for name, stream in streams.items()}
    granted = authenticator.scopes
    if granted is None:
        logger.info("The access token does not name its scopes; streams are tried instead.")
        return list(streams)
    readable = [name for name, scopes in required.items() if granted.issuperset(scopes)]
    costs = missing_scopes(required, granted)
    if readable and costs:
        logger.info(
            "What can be read is in this table. For the other streams, docs/streams.md lists the scopes to grant, and "
            f"`check --debug` those that are missing.\n{readable_table(families, readable)}"
        )
    logger.debug(family_table(families, required, granted))
    for line in missing_scope_warnings(costs):
        logger.debug(line)
    if costs:
        logger.debug(how_to_grant(costs))
    return readable


def _read_first(
    readable: list[str],
    streams: Definitions,
    requester: Callable[[str], ManagementApiRequester],
    logger: logging.Logger,
) -> bool:
    """Read one row of the first stream that can be read by itself; false where Auth0 refuses them all.

    Raises a transient error where that takes longer than a check may.
    """
    began_at = time.monotonic()
    for name in readable:
        parameters = streams[name]["$parameters"]
        if "stream_partition" in parameters["resource"] or not parameters["required_scopes"]:
            continue  # needs a parent's row, or has static rows that prove nothing
        try:
            _read_one(requester(name), streams[name])
        except MissingScopeError as missing:
            logger.warning(missing.message)
            if CHECK_RETRY_POLICY.is_over(time.monotonic() - began_at):
                raise transient_error(
                    "Auth0 answers so slowly that no readable stream was found within "
                    f"{CHECK_RETRY_POLICY.seconds:.0f} seconds. Test the connection again later."
                ) from None
            continue
        return True
    return False


def _read_one(api: ManagementApiRequester, stream: Mapping[str, Any]) -> None:
    archetype = stream["retriever"]["$ref"].rpartition("/")[2]
    if archetype != "streamed":
        api.get(None, ONE_ROW_QUERIES.get(archetype, {}))
    elif (response := api.open_event_stream({})) is not None:
        # The response never ends; that it opens is enough.
        response.close()


def _unknown_connection_warnings(
    tenant: Tenant,
    authenticator: TenantAuthenticator,
    streams: Definitions,
    requester: Callable[[str], ManagementApiRequester],
    began_at: float,
) -> Iterator[str]:
    """A warning for each connection of `users_connections` that the tenant does not have, where that may be asked.

    A check that began long ago looks no more of them up: they are warnings, and no reason to fail it.
    """
    names = [name.strip() for name in tenant.config.get("users_connections") or []]
    granted = authenticator.scopes
    if not names or "connections" not in streams or (granted is not None and "read:connections" not in granted):
        return
    api = requester("connections")
    for name in dict.fromkeys(names[:MAX_CONNECTIONS_CHECKED]):
        if CHECK_RETRY_POLICY.is_over(time.monotonic() - began_at):
            return
        try:
            body = api.get(None, {"name": name, "take": "1"})
        except AirbyteTracedException:
            return
        rows = body.get("connections", []) if isinstance(body, dict) else body or []
        if not any(row.get("name") == name for row in rows):
            yield (
                f"Users of These Connections Only (`users_connections`) has `{quote_input(name)}`, and the tenant has "
                "no connection of that name, so that no user of it is read. Enter it as shown under Authentication "
                "in the dashboard; upper and lower case count."
            )


def _requester_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: parameters[key] for key in ("resource", "query", "query_withholding", "may_be_missing", "required_scopes")
    }


def _nothing_readable_error(streams: Mapping[str, Mapping[str, Any]]) -> Exception:
    scopes = {scope for stream in streams.values() for scope in stream["$parameters"]["required_scopes"]}
    return config_error(
        f"The application may sign in, but read nothing: none of the {len(scopes)} scopes that streams need is "
        f"granted. Grant those of what you want to sync under {GRANT_PATH}, such as `read:users` for `users`; "
        "docs/streams.md lists them for every stream."
    )
