"""Which routes of a host were answered by Auth0: evidence that a 404 is a route that its release lacks."""

import threading
from collections.abc import Iterable
from urllib.parse import urlsplit

import requests
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction

from source_auth0.api.http.response_errors import json_object
from source_auth0.api.http.responses import Classification

#: All tenants below this domain are on Auth0's public cloud, which has one release.
PUBLIC_CLOUD = ".auth0.com"
#: A route that every release has, and the least that can be asked of it; a 403 is an answer too.
PROBED_ROUTE = "clients"
PROBE_QUERY = {"fields": "client_id", "include_fields": "true", "page": "0", "per_page": "1"}
#: What Auth0's error envelope always has; gateways have envelopes of their own.
ENVELOPE_KEYS = {"statusCode", "error", "message"}


class AnsweredRoutes:
    """The routes of the Management API that were answered in Auth0's JSON in this sync, refusals (403) included."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._endpoints: set[str] = set()

    def observe(self, endpoint: str, response: requests.Response, classification: Classification) -> None:
        """Note what a response proves of its host."""
        if endpoint in self._endpoints:
            return
        is_answer = classification.action is ResponseAction.SUCCESS and isinstance(classification.body, (dict, list))
        if is_answer or _is_auth0s_refusal(response):
            with self._lock:
                self._endpoints.add(endpoint)

    def has_other_than(self, endpoint: str) -> bool:
        """Whether another route than this one was answered."""
        with self._lock:
            return bool(self._endpoints - {endpoint})


def is_public_cloud(urls: Iterable[str]) -> bool:
    """Whether any of a tenant's addresses, or of the audiences of its tokens, is of Auth0's public cloud."""
    return any((urlsplit(url).hostname or "").endswith(PUBLIC_CLOUD) for url in urls)


def _is_auth0s_refusal(response: requests.Response) -> bool:
    if response.status_code != requests.codes.forbidden:
        return False
    body = json_object(response)
    return set(body) >= ENVELOPE_KEYS and body["statusCode"] == requests.codes.forbidden
