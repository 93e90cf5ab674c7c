import copy
import pickle
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import example, given
from hypothesis import strategies as st

from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.rate_limit.concurrency_limit import INITIAL_LIMIT
from source_auth0.api.tenant import Tenant
from source_auth0.config.normalization import normalize_audience, normalize_base_url
from source_auth0.config.options import configured_workers, positive_number, safety_lag
from source_auth0.redaction.log_masking import mask_secret_like
from testing.fakes.clock import FakeClock
from testing.threads import in_threads


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("acme.us.auth0.com", "https://acme.us.auth0.com"),
        ("acme.us.auth0.com/", "https://acme.us.auth0.com"),
        ("https://acme.us.auth0.com", "https://acme.us.auth0.com"),
        ("https://acme.us.auth0.com/", "https://acme.us.auth0.com"),
        ("https://acme.us.auth0.com//", "https://acme.us.auth0.com"),
        ("https://acme.us.auth0.com/api/v2", "https://acme.us.auth0.com"),
        ("https://acme.us.auth0.com/api/v2/", "https://acme.us.auth0.com"),
        ("acme.us.auth0.com/API/v2/", "https://acme.us.auth0.com"),
        ("HTTPS://ACME.US.Auth0.COM/Api/V2/", "https://acme.us.auth0.com"),
        ("  https://acme.us.auth0.com\n", "https://acme.us.auth0.com"),
        ("login.acme.example:8443/", "https://login.acme.example:8443"),
        ("acme", "https://acme"),
        ("acme.prod.auth0app.com", "https://acme.prod.auth0app.com"),
        ("xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("10.0.0.7", "https://10.0.0.7"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_a_base_url_is_normalised_however_it_is_typed(typed: str, expected: str):
    assert expected == normalize_base_url(typed)


@pytest.mark.parametrize(
    "typed", ["http://localhost:3000", "http://LOCALHOST:3000/", "http://127.0.0.1:3000", "http://[::1]:3000/api/v2/"]
)
def test_loopback_addresses_may_use_http(typed: str):
    assert re.fullmatch(r"http://(localhost|127\.0\.0\.1|\[::1\]):3000", normalize_base_url(typed))


@pytest.mark.parametrize(
    "typed",
    [
        "http://acme.us.auth0.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.7",
        "http://0.0.0.0:80",
        "http://[::2]",
        "ftp://localhost",
        "ws://acme.us.auth0.com",
        "htps://acme.us.auth0.com",
    ],
)
def test_any_other_host_requires_https(typed: str):
    with pytest.raises(AirbyteTracedException) as caught:
        normalize_base_url(typed)
    assert FailureType.config_error == caught.value.failure_type
    host = typed.partition("://")[2].partition(":80")[0].strip("[]")
    assert (
        f"Base URL (`base_url`) `{typed}` does not use https. The access token travels to this address, so plain http "
        f"is only accepted for this machine's own addresses. Enter `https://{host}`."
    ) == caught.value.message


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "https://",
        "https:///api/v2/",
        "/",
        "acme us auth0 com",
        "https://acme.us.auth0.com:port",
        "https://acme.us.auth0.com:99999",
        "https://[::1",
        "https://acme.us.auth0.com?tenant=acme",
        "https://acme.us.auth0.com#/applications",
        "someone@acme.us.auth0.com",
        "https://acme..auth0.com",
        "https://.auth0.com",
        f"https://{'a' * 64}.auth0.com",
        "https:/acme.us.auth0.com",
        "https//acme.us.auth0.com",
        "http//acme.us.auth0.com",
        "https://https://acme.us.auth0.com",
    ],
)
def test_an_invalid_domain_is_refused_with_an_example(typed: str):
    with pytest.raises(AirbyteTracedException) as caught:
        normalize_base_url(typed)
    assert FailureType.config_error == caught.value.failure_type
    assert (
        f"Base URL (`base_url`) `{mask_secret_like(typed.strip().rpartition('@')[2])}` is not an Auth0 domain. Enter "
        "the Domain that Auth0 shows under Applications › your application › Settings, such as "
        "`https://your-tenant.us.auth0.com`."
    ) == caught.value.message


def test_a_domain_that_looks_like_a_secret_is_refused():
    """Otherwise it would be sent to a name server."""
    assert f"https://{'a1' * 15}.example" == normalize_base_url(f"{'a1' * 15}.example")
    with pytest.raises(AirbyteTracedException, match=r"Base URL \(`base_url`\) `\*\*\*\*` is not an Auth0 domain"):
        normalize_base_url("a1" * 16)


@pytest.mark.parametrize(
    "typed",
    [
        "acme.us.auth0.com/api/v2/users",
        "acme.us.auth0.com/ api",
        "acme.us.auth0.com/X",
    ],
)
@pytest.mark.parametrize("scheme", ["", "https://"])
def test_a_base_url_with_a_path_is_refused(scheme: str, typed: str):
    with pytest.raises(AirbyteTracedException) as caught:
        normalize_base_url(scheme + typed)
    host, _, path = typed.partition("/")
    assert (
        f"Base URL (`base_url`) `{host}` has the path `/{path}`, which no Auth0 domain has. Enter the domain alone, "
        f"such as `https://{host}`."
    ) == caught.value.message


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("manage.auth0.com/dashboard/us/acme", "acme.us.auth0.com"),
        ("https://manage.auth0.com/dashboard/eu/acme-dev/applications/abc/settings", "acme-dev.eu.auth0.com"),
        ("https://manage.auth0.com/dashboard/us/acme#/applications", "acme.us.auth0.com"),
        ("https://manage.auth0.com/#/applications", "your-tenant.us.auth0.com"),
        ("https://manage.auth0.com", "your-tenant.us.auth0.com"),
    ],
)
def test_the_address_of_the_dashboard_is_answered_with_the_tenants_domain(typed: str, domain: str):
    with pytest.raises(AirbyteTracedException) as caught:
        normalize_base_url(typed)
    assert FailureType.config_error == caught.value.failure_type
    message = caught.value.message
    assert message.startswith("Base URL (`base_url`) is the address of Auth0's dashboard")
    assert f"`https://{domain}`" in message


@pytest.mark.parametrize("typed", ['"acme.us.auth0.com"', "'https://acme.us.auth0.com'", "“acme.us.auth0.com”"])
def test_a_base_url_in_quotation_marks_is_refused(typed: str):
    with pytest.raises(AirbyteTracedException, match=r"in quotation marks\. Enter the domain without them"):
        normalize_base_url(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "https://me:hunter2@acme.us.auth0.com",
        "me:hunter2@acme.us.auth0.com",
        "https://me:p@hunter2@acme.us.auth0.com",
        "http://me:hunter2@localhost",
        "https://:hunter2@acme.us.auth0.com",
        "http://:hunter2@acme.us.auth0.com",
    ],
)
def test_the_error_does_not_quote_a_password_in_the_base_url(typed: str):
    with pytest.raises(AirbyteTracedException) as caught:
        normalize_base_url(typed)
    assert "hunter2" not in str(vars(caught.value))


@given(st.text(alphabet="htpsocal:/.@[]?#1 \\%é"))
@example("https://acme.us.auth0.com:443")
@example("http://localhost:1/")
def test_any_text_normalises_to_a_base_url_or_a_config_error(typed: str):
    """The base URL has a scheme and a host, no path, and normalisation is idempotent."""
    tenant = Tenant({"base_url": typed})
    config = tenant.config
    try:
        tenant.validate()
    except AirbyteTracedException:
        assert typed == config["base_url"]
    else:
        scheme, _, host = config["base_url"].partition("://")
        assert scheme == "https" or re.fullmatch(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", host)
        assert "/" not in host
        assert config["base_url"] == normalize_base_url(config["base_url"])


@pytest.mark.parametrize("typed", ["https://t/api/v2", "https://t/api/v2/", "  https://t/api/v2\n"])
def test_the_audience_ends_in_one_slash(typed: str):
    assert "https://t/api/v2/" == normalize_audience(typed)


def test_base_url_and_audience_are_normalised_in_a_copy_of_the_config():
    credentials = {"audience": "https://t.auth0.com/api/v2", "client_id": "id"}
    config: dict[str, Any] = {"base_url": "T.auth0.com/", "credentials": credentials, "sourceType": "auth0"}
    assert {
        "base_url": "https://t.auth0.com",
        "credentials": {"audience": "https://t.auth0.com/api/v2/", "client_id": "id"},
        "sourceType": "auth0",
    } == Tenant(config).config
    assert "https://t.auth0.com/api/v2" == credentials["audience"]
    assert "T.auth0.com/" == config["base_url"]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"base_url": 7, "credentials": []},
        {"base_url": "", "credentials": {"audience": 7}},
        {"base_url": "http://acme.us.auth0.com", "credentials": {}},
    ],
)
def test_values_that_cannot_be_normalised_stay_for_validation(config: dict[str, Any]):
    assert config == Tenant(config).config


def test_validate_refuses_an_http_base_url():
    Tenant({"base_url": "https://acme.us.auth0.com"}).validate()
    with pytest.raises(AirbyteTracedException, match="does not use https"):
        Tenant({"base_url": "http://acme.us.auth0.com"}).validate()


def test_a_config_leads_to_its_tenant():
    tenant = Tenant({"base_url": "https://t"})
    assert tenant is Tenant.of(tenant.config)


@pytest.mark.parametrize("copied", [dict, lambda config: {**config}, lambda config: dict(config.items())])
def test_a_copy_of_a_config_has_no_tenant(copied: Callable[[Any], Any]):
    """A second one would sign in again, and count a rate limit and keep pages of its own; the values stay unsaid."""
    config = Tenant({"base_url": "https://t", "credentials": {"client_secret": "hunter2"}}).config
    with pytest.raises(TypeError, match="This dict is no tenant's config") as caught:
        Tenant.of(copied(config))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, pickle.dumps, lambda value: copy.deepcopy({"config": [value]})]
)
def test_a_tenant_cannot_be_copied(copied: Callable[[Any], Any]):
    tenant = Tenant({"base_url": "https://t"})
    with pytest.raises(TypeError, match=r"A tenant cannot be copied.*Use the tenant itself"):
        copied(tenant)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"base_url": "https://login.acme.com", "credentials": {"audience": "https://acme.us.auth0.com/api/v2/"}},
            "acme.us.auth0.com",
        ),
        ({"base_url": "https://acme.us.auth0.com", "credentials": {"access_token": "t"}}, "acme.us.auth0.com"),
        ({"base_url": "https://acme.us.auth0.com", "credentials": {"audience": "my-api/"}}, "acme.us.auth0.com"),
        ({"base_url": "https://acme.us.auth0.com", "credentials": None}, "acme.us.auth0.com"),
        ({"base_url": "http://127.0.0.1:8080"}, "127.0.0.1:8080"),
    ],
)
def test_the_domain_is_the_canonical_one_where_the_audience_names_it(config: dict[str, Any], expected: str):
    assert expected == Tenant(config).domain


def test_all_streams_share_one_session():
    tenant = Tenant({})
    assert tenant.session is tenant.session
    assert isinstance(tenant.session, requests.Session)


@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(hours=-3)])
def test_the_clock_offset_is_taken_from_response_dates(ahead: timedelta):
    tenant = Tenant({})
    tenant.observe_date(format_datetime(datetime.now(timezone.utc) + ahead, usegmt=True))
    assert abs(tenant.now() - datetime.now(timezone.utc) - ahead) < timedelta(seconds=5)


@pytest.mark.parametrize("header", [None, "yesterday", "Thu, 01 Jan 2026 00:00:00 GMT"])
def test_a_tenant_is_reached_once_there_was_a_response(header: str | None):
    tenant = Tenant({})
    before = [tenant.is_reached]
    tenant.observe_date(header)
    assert [False, True] == [*before, tenant.is_reached]


def dated(ahead: float) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=ahead), usegmt=True)


@pytest.mark.parametrize("position", range(1, 7))
def test_a_single_date_ahead_of_the_others_is_ignored(position: int):
    """A state saved with a time in the future would miss the changes until then."""
    tenant = Tenant({})
    for number in range(7):
        tenant.observe_date(dated(600 if number == position else number))
        assert abs(tenant.now() - datetime.now(timezone.utc)) < timedelta(seconds=10)


@pytest.mark.parametrize("position", range(6))
def test_a_single_date_behind_the_others_is_soon_ignored(position: int):
    """The lower of two samples is used."""
    tenant = Tenant({})
    for number in range(8):
        tenant.observe_date(dated(-600 if number == position else number))
    assert abs(tenant.now() - datetime.now(timezone.utc)) < timedelta(seconds=10)


def test_the_median_of_three_dates_is_used():
    tenant = Tenant({})
    for ahead in (600, -600, 0):
        tenant.observe_date(dated(ahead))
    assert abs(tenant.now() - datetime.now(timezone.utc)) < timedelta(seconds=10)


def test_a_corrected_clock_is_followed_after_five_responses():
    tenant = Tenant({})
    for number in range(10):
        tenant.observe_date(dated(number - (600 if number < 5 else 0)))
    assert abs(tenant.now() - datetime.now(timezone.utc)) < timedelta(seconds=15)


def test_equal_dates_count_as_one_clock_sample():
    tenant, ahead = Tenant({}), dated(600)
    for header in (ahead, ahead, ahead, dated(0)):
        tenant.observe_date(header)
    assert abs(tenant.now() - datetime.now(timezone.utc)) < timedelta(seconds=10)


#: Implausible `Date` headers, and ones outside of what a datetime can represent.
IMPLAUSIBLE_DATES = (
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Mon, 9999999999 Nov 99999999999999999999999999 1:1:1 GMT",
    "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
)


@pytest.mark.parametrize("header", [None, "", "yesterday", "Mon, 99 Nov 2026 12:00:00 GMT", "0", *IMPLAUSIBLE_DATES])
def test_an_unreadable_date_does_not_change_the_clock(header: str | None):
    tenant = Tenant({})
    tenant.observe_date(header)
    assert abs(tenant.now() - datetime.now(timezone.utc)) < timedelta(seconds=5)


def test_once_computes_a_value_in_a_single_thread():
    tenant, computed = Tenant({}), []

    def compute() -> int:
        computed.append(1)
        return len(computed)

    assert [1] * 8 == in_threads(8, lambda _: tenant.once("roles", compute))
    assert 2 == tenant.once("something else", compute)


def test_once_computes_again_after_an_error():
    tenant = Tenant({})
    with pytest.raises(ZeroDivisionError):
        tenant.once("roles", lambda: 1 // 0)
    assert 5 == tenant.once("roles", lambda: 5)


def test_first_time_is_true_for_one_thread():
    tenant = Tenant({})
    assert [False] * 7 + [True] == sorted(in_threads(8, lambda _: tenant.first_time("a warning")))
    assert tenant.first_time("another warning")


def test_first_time_does_not_deadlock_within_once():
    """Reading the roles may warn of a feature that the tenant lacks."""
    tenant = Tenant({})
    assert [True, False] == [tenant.once(key, lambda: tenant.first_time("a warning")) for key in ("roles", "names")]


@pytest.mark.parametrize(("configured", "expected"), [(2, 2), (50, 50)])
def test_a_config_may_name_the_number_of_workers(configured: int, expected: int):
    assert expected == configured_workers({"num_workers": configured}) == Tenant({"num_workers": configured}).workers


@pytest.mark.parametrize("configured", [None, 1, 0, -5, True, 2.5, "8"])
def test_an_invalid_number_of_workers_is_none_and_the_limit_adapts(configured: Any):
    assert None is configured_workers({"num_workers": configured}) is configured_workers({})
    assert INITIAL_LIMIT == Tenant({"num_workers": configured}).workers == Tenant({}).workers


@pytest.mark.parametrize(
    ("configured", "expected"),
    [(1, 0.01), (50, 0.5), (100, 1.0), (None, 0.9), (0, 0.9), (-1, 0.9), (True, 0.9), ("1", 0.9)],
)
def test_the_rate_limit_share_is_a_percentage_with_a_default_of_90(configured: Any, expected: float):
    assert expected == Tenant({"rate_limit_share": configured}).budget.buckets.share


def test_the_rate_limit_share_is_at_most_100_percent():
    assert 1 == Tenant({"rate_limit_share": 1000}).budget.buckets.share


@pytest.mark.parametrize(("configured", "waiting"), [(1, 3), (None, 0), (0, 0), (-1, 0), (True, 0), ("1", 0)])
def test_max_requests_per_second_limits_the_request_rate(clock: FakeClock, configured: Any, waiting: int):
    budget = Tenant({"max_requests_per_second": configured}).budget
    budget.record_admission(RequestPermit("GET /things"), None)
    assert waiting == sum(budget.request(RequestPermit("GET /things")) > 0 for _ in range(5))


@pytest.mark.parametrize(
    ("configured", "expected"), [(0.5, 0.5), (2, 2.0), (0, None), (-1, None), (True, None), ("1", None)]
)
def test_positive_number_is_none_for_anything_else(configured: Any, expected: float | None):
    assert expected == positive_number({"a": configured}, "a")


def test_the_concurrency_limit_is_the_number_of_workers():
    tenant = Tenant({"num_workers": 3})
    assert [True, True, True, False] == [tenant.concurrency_limit.acquire(blocking=False) for _ in range(4)]


def test_the_repr_shows_only_the_base_url():
    tenant = Tenant({"base_url": "acme.us.auth0.com", "secret": "x"})
    assert "Tenant(https://acme.us.auth0.com)" == repr(tenant)


def test_without_a_date_the_clock_may_be_ahead(caplog: pytest.LogCaptureFixture):
    """Which a warning says, once there was a response; an incremental sync of users ends earlier."""
    tenant = Tenant({"base_url": "https://acme.us.auth0.com", "users_safety_lag": 30})
    assert (timedelta(), []) == (tenant.clock_margin, caplog.records)
    for header in (None, "", "yesterday", "Mon, 01 Jan 0001 00:00:00 GMT"):
        tenant.observe_date(header)
        assert 930_000 == safety_lag(tenant.config, tenant.clock_margin)
    (warning,) = caplog.records
    assert "no `Date` header" in warning.message
    assert "end 15 minutes earlier" in warning.message
    tenant.observe_date(format_datetime(datetime.now(timezone.utc), usegmt=True))
    assert timedelta() == tenant.clock_margin
    assert 30_000 == safety_lag(tenant.config, tenant.clock_margin)
