"""A made-up tenant's addresses, credentials and tokens, and what tests with mocked requests share."""

import base64
import json
from collections.abc import Callable
from typing import Any

from source_auth0.api.client import ManagementApiRequester

BASE = "https://acme.us.auth0.com"
API = f"{BASE}/api/v2"
SECRET = "made-up-client-secret"  # noqa: S105 - of a tenant that does not exist
#: The list that the requesters of the fixture `make_api` read, and a response with one row of it.
THINGS_URL = f"{API}/things"
THINGS_RESPONSE = {"json": [{"id": 1}]}
#: What the fixture `make_api` is: it takes the fields of a requester that differ from the usual ones.
MakeApi = Callable[..., ManagementApiRequester]


class FakeAuthenticator:
    """An authenticator that hands out `token-0`, then `token-1` and so on each time it is asked to renew.

    accepted: the tokens that were reported as accepted by the API. audiences: none, as of a token that tells nothing.
    """

    audiences = ()

    def __init__(self, scopes: frozenset[str] | None = None, *, renewable: bool = True) -> None:
        self.scopes = scopes
        self.renewable = renewable
        self.renewals = 0
        self.accepted: list[str] = []

    @property
    def token(self) -> str:
        """The current value of the `Authorization` header."""
        return f"Bearer token-{self.renewals}"

    def record_accepted(self, accepted: str) -> None:
        """Record that a request with this token succeeded."""
        self.accepted.append(accepted)

    def renew(self, refused: str) -> bool:
        """Switch to the next token, unless another caller has done so; whether the token can be renewed at all."""
        if self.renewable and refused == self.token:
            self.renewals += 1
        return self.renewable


def unsigned_jwt(**claims: Any) -> str:
    """A JSON Web Token with these claims and no valid signature."""
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims))
    return ".".join([*encoded, "signature"])
