import re
from typing import Any

import pytest

from source_auth0.manifest.assembly import assemble
from source_auth0.manifest.files import stream_files
from source_auth0.progress.advice import CHEAPER_STREAMS, CHILDREN_ADVICE, log_advice, single_users_advice, users_advice

DATED = {"start_date": "2024-01-01T00:00:00Z"}
#: What the advice may name besides settings and streams: values of settings.
VALUES = {"export"}


def test_the_advice_names_settings_and_streams_that_exist():
    properties = assemble([])["spec"]["connection_specification"]["properties"]
    texts = [users_advice({}, may_export=True), CHILDREN_ADVICE, log_advice({})]
    texts += [single_users_advice(stream, {}) for stream in stream_files()]
    named = {name for text in texts for name in re.findall(r"`(\w+)`", text)}
    assert named <= {*properties, *stream_files(), *VALUES}
    assert set(CHEAPER_STREAMS) <= set(stream_files())


@pytest.mark.parametrize(
    ("config", "may_export", "is_advised"),
    [
        ({}, True, True),
        ({"users_initial_load": "search"}, True, True),
        ({}, False, False),
        ({"users_initial_load": "export"}, True, False),
    ],
)
def test_an_export_is_advised_where_it_would_do(config: dict[str, Any], may_export: bool, is_advised: bool):
    assert is_advised == ("`export`" in users_advice(config, may_export=may_export))


def test_a_start_date_that_is_set_could_be_later():
    assert users_advice(DATED, may_export=False).startswith("A later `start_date` leaves out users who")
    assert single_users_advice("user_blocks", {}).startswith("`start_date` leaves out users who")
    assert "A later `start_date` leaves out the events before it." == log_advice({**DATED, "logs_first_days": 7})
    assert log_advice(DATED).startswith("`logs_first_days` lets a first sync begin later. A later `start_date`")
