from email.utils import formatdate

import pytest
from requests.structures import CaseInsensitiveDict

from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders, parse_rate_limit_headers

#: A date outside of what a datetime can represent.
OUT_OF_RANGE_DATE = "Mon, 9999999999 Nov 99999999999999999999999999 1:1:1 GMT"
RATE_LIMIT_HEADERS = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "3", "x-ratelimit-reset": "5002"}
DATE = {"date": formatdate(5_000, usegmt=True)}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({**RATE_LIMIT_HEADERS, **DATE}, RateLimitHeaders(10, 3, 2.0, 1.0, 2.0)),
        ({**RATE_LIMIT_HEADERS}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        ({**RATE_LIMIT_HEADERS, **DATE, "x-ratelimit-reset": "soon"}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        ({**RATE_LIMIT_HEADERS, **DATE, "x-ratelimit-reset": "inf"}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        ({**RATE_LIMIT_HEADERS, **DATE, "date": "today"}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        (
            {**RATE_LIMIT_HEADERS, **DATE, "date": "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"},
            RateLimitHeaders(10, 3, 0.0, 1.0, 2.0),
        ),
        ({**RATE_LIMIT_HEADERS, **DATE, "x-ratelimit-reset": "1e300"}, RateLimitHeaders(10, 3, 60.0, 1.0, 2.0)),
        ({**RATE_LIMIT_HEADERS, **DATE, "x-ratelimit-reset": "-1e300"}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        ({**RATE_LIMIT_HEADERS, "date": OUT_OF_RANGE_DATE}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        ({**RATE_LIMIT_HEADERS, "x-ratelimit-limit": "9" * 400}, None),
        ({**RATE_LIMIT_HEADERS, "x-ratelimit-remaining": "10"}, RateLimitHeaders(10, 10, 0.0, 1.0, 2.0)),
        ({**RATE_LIMIT_HEADERS, "x-ratelimit-remaining": "11"}, None),
        (
            {**RATE_LIMIT_HEADERS, "x-ratelimit-limit": "1", "x-ratelimit-remaining": "1"},
            RateLimitHeaders(1, 1, 0.0, 1.0, 2.0),
        ),
        ({**RATE_LIMIT_HEADERS, "x-ratelimit-limit": "1000000"}, RateLimitHeaders(1_000_000, 3, 0.0, 1.0, 2.0)),
        ({**RATE_LIMIT_HEADERS, "x-ratelimit-limit": "1000001"}, None),
        ({**RATE_LIMIT_HEADERS, "x-ratelimit-remaining": "-1"}, None),
        ({**RATE_LIMIT_HEADERS, "x-ratelimit-remaining": "many"}, None),
        ({**RATE_LIMIT_HEADERS, "x-ratelimit-limit": "0", "x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-limit": "10"}, None),
        ({}, None),
    ],
)
def test_rate_limit_headers_are_parsed_where_they_are_plausible(
    headers: dict[str, str], expected: RateLimitHeaders | None
):
    assert expected == parse_rate_limit_headers(CaseInsensitiveDict(headers), 1.0, 2.0)
