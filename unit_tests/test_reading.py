from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.components.problems import system_error
from source_auth0.components.reading import PagewiseReading


def told(error: Exception) -> AirbyteTracedException:
    """What the framework gets to see of a worker's error."""
    seen: list[Any] = []
    reading = PagewiseReading.__new__(PagewiseReading)
    processor: Any = SimpleNamespace(on_exception=lambda item: seen.append(item) or [])
    assert [] == list(reading._handle_item(StreamThreadException(error, "things"), processor))
    assert "things" == seen[0].stream_name
    failure: AirbyteTracedException = seen[0].exception
    return failure


@pytest.mark.parametrize("error", [KeyError("user_id"), RecursionError(), TypeError("unhashable"), MemoryError()])
def test_an_error_that_nobody_foresaw_is_a_sentence_all_the_same(error: Exception):
    failure = told(error)
    assert failure.message is not None
    assert failure.message.startswith("`things` met something that the connector does not know how to read (")
    assert type(error).__name__ in failure.message
    assert FailureType.system_error == failure.failure_type


def test_an_error_with_a_sentence_keeps_it():
    error = system_error("It is broken.")
    assert error is told(error)
