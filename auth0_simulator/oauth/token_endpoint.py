"""The token endpoint: POST /oauth/token.

https://auth0.com/docs/secure/tokens/access-tokens/management-api-access-tokens
The error responses are those seen in public threads.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from auth0_simulator.oauth.access_tokens import AccessTokenService
from auth0_simulator.oauth.client_assertions import CLIENT_ASSERTION_TYPE
from auth0_simulator.oauth.errors import OAuthError
from auth0_simulator.state.application import Application
from auth0_simulator.tenant import Tenant
from auth0_simulator.wire.messages import HttpRequest, HttpResponse, json_response


def token_response(  # noqa: PLR0913 - the request, and what a tenant grants
    request: HttpRequest,
    tenant: Tenant,
    tokens: AccessTokenService,
    granted: frozenset[str],
    lifetime: int,
    *,
    is_opaque: bool = False,
) -> HttpResponse:
    """The response to POST /oauth/token; with an opaque token, nothing tells its scopes."""
    try:
        scopes = _granted_scopes(request, tenant, tokens, granted)
    except OAuthError as error:
        error_body = {"error": error.error, "error_description": error.description, **error.extra}
        return json_response(error.status, error_body)
    host = request.headers.get("host")
    if is_opaque:
        token = tokens.issue_opaque(scopes, lifetime, host)
        return json_response(200, {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"})
    # The order in which scopes come back is not documented; Auth0 lists them as they were granted.
    body = {
        "access_token": tokens.issue(scopes, lifetime, host=host),
        "scope": " ".join(sorted(scopes)),
        "expires_in": lifetime,
        "token_type": "Bearer",
    }
    return json_response(200, body, {"cache-control": "no-store"})


def _granted_scopes(
    request: HttpRequest, tenant: Tenant, tokens: AccessTokenService, granted: frozenset[str]
) -> frozenset[str]:
    form = request.body_fields()
    application = tenant.application
    if form.get("grant_type") is None:
        raise OAuthError(403, "invalid_request", "Missing required parameter: grant_type")
    _authenticate(request, form, application, tokens)
    if form["grant_type"] not in application.grant_types:
        description = f"Grant type '{form['grant_type']}' not allowed for the client."
        uri = "https://auth0.com/docs/clients/client-grant-types"
        raise OAuthError(403, "unauthorized_client", description, {"error_uri": uri})
    audience = form.get("audience")
    if not audience:
        raise OAuthError(403, "access_denied", "Non-global clients are not allowed access to APIv1")
    if audience != tenant.audience:
        raise OAuthError(403, "access_denied", f"Service not found: {audience}")
    if not application.has_client_grant:
        raise OAuthError(
            403,
            "access_denied",
            f'Client is not authorized to access "{audience}". You need to create a "client-grant" '
            "associated to this API. "
            "See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants",
        )
    requested = frozenset(str(form.get("scope", "")).split())
    if not requested <= granted:
        missing = ", ".join(sorted(requested - granted))
        raise OAuthError(403, "access_denied", f"Client has not been granted scopes: {missing}")
    return requested or granted


def _authenticate(
    request: HttpRequest, form: dict[str, Any], application: Application, tokens: AccessTokenService
) -> None:
    """By private_key_jwt if the application has keys, otherwise by client_secret_post or client_secret_basic."""
    if application.credentials:
        if form.get("client_assertion_type") != CLIENT_ASSERTION_TYPE or "client_secret" in form:
            raise OAuthError(401, "access_denied", "Unauthorized")
        if form.get("client_id", application.client_id) != application.client_id:
            raise OAuthError(401, "invalid_client", "'client_id' is not that of the assertion")
        tokens.verify_assertion(application, str(form.get("client_assertion", "")), request.headers.get("host"))
        return
    given = (form.get("client_id"), form.get("client_secret"))
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name, secret = "", ""
        given = (name, secret)
    if given != (application.client_id, application.client_secret):
        raise OAuthError(401, "access_denied", "Unauthorized")
