from typing import Any

import pytest

from source_auth0.config.audience import unusual_audience_note


@pytest.mark.parametrize(
    ("base_url", "audience", "expected"),
    [
        ("https://acme.us.auth0.com", "https://acme.us.auth0.com/api/v2/", None),
        ("https://login.acme.example", "https://acme.us.auth0.com/api/v2/", None),
        ("https://acme.us.auth0.com", "", None),
        ("https://acme.us.auth0.com", 7, None),
        ("https://acme.us.auth0.com", "https://api.acme.example/", "is `https://acme.us.auth0.com/api/v2/`, as shown"),
        ("https://login.acme.example", "my-api/", "is `https://your-tenant.us.auth0.com/api/v2/`, as shown"),
        (
            "https://acme.us.auth0.com",
            "https://other.us.auth0.com/api/v2/",
            "for `acme.us.auth0.com` it is `https://acme",
        ),
    ],
)
def test_an_audience_that_is_not_the_usual_one_is_noted(base_url: str, audience: Any, expected: str | None):
    note = unusual_audience_note({"base_url": base_url, "credentials": {"audience": audience}})
    assert note is None if expected is None else expected in str(note)


def test_a_token_has_no_audience_to_note():
    assert unusual_audience_note({"base_url": "https://acme.us.auth0.com"}) is None
