"""The audience of a sign-in: the Management API's identifier, which names the tenant's own domain."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from source_auth0.redaction.log_masking import quote_input

AUTH0_DOMAIN = ".auth0.com"


def unusual_audience_note(config: Mapping[str, Any]) -> str | None:
    """What is odd about the audience of a config; None where it is the usual one of its Base URL, or has none."""
    audience = (config.get("credentials") or {}).get("audience")
    host = urlsplit(str(config.get("base_url"))).hostname or ""
    if not isinstance(audience, str) or not audience:
        return None
    named = urlsplit(audience).hostname or ""
    shown = f"Audience (`credentials.audience`) is `{quote_input(audience)}`"
    if not audience.endswith("/api/v2/"):
        usual = f"https://{host}/api/v2/" if host.endswith(AUTH0_DOMAIN) else "https://your-tenant.us.auth0.com/api/v2/"
        return (
            f"{shown}, which looks like an API of your own. The Management API's Identifier is `{usual}`, as shown "
            "under Applications › APIs › Auth0 Management API."
        )
    if host.endswith(AUTH0_DOMAIN) and named != host:
        return f"{shown}, and the Base URL is another tenant's: for `{host}` it is `https://{host}/api/v2/`."
    return None
