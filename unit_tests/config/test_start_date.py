from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from source_auth0.config.start_date import future_start_date_problem

NOW = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize("start_date", [None, "", "2023-12-31T00:00:00Z", "2024-01-01T12:00:00Z"])
def test_a_start_date_that_has_passed_is_no_problem(start_date: Any):
    assert not future_start_date_problem({"start_date": start_date}, NOW)


def test_a_start_date_in_the_future_is_named():
    problem = future_start_date_problem({"start_date": "2025-01-01T00:00:00Z"}, NOW + timedelta(hours=1))
    assert problem
    assert "2025-01-01T00:00:00" in problem
