"""The manifest with the framework's own component factory: each stream reads its rows or refuses in a sentence."""

from collections.abc import Iterator
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.models import DeclarativeStream as DeclarativeStreamModel
from airbyte_cdk.sources.declarative.parsers.manifest_component_transformer import ManifestComponentTransformer
from airbyte_cdk.sources.declarative.parsers.manifest_reference_resolver import ManifestReferenceResolver
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import ModelToComponentFactory
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from auth0_simulator import Simulator
from source_auth0.api.tenant import Tenant
from source_auth0.manifest.assembly import assemble, load_stream, primary_key
from source_auth0.manifest.files import stream_files
from testing.in_process import SyncResult, sync
from testing.tenants import config_of

STREAMS = list(stream_files())
#: Those that are planned by a cursor of the connector, which the framework's factory does not know.
WITH_A_CURSOR = {name for name in STREAMS if "cursor_field" in load_stream(name)}
Read = tuple[Tenant, SyncResult]


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    """A small tenant, and all of its rows as the connector reads them."""
    with Simulator(users=30, organizations=3) as simulator:
        config = config_of(simulator)
        yield Tenant(config), sync(config, *STREAMS, full_refresh=True)


def rows_by_the_framework(name: str, tenant: Tenant) -> list[dict[str, Any]]:
    """The rows of one stream, built from the manifest by the framework's factory as it is released."""
    resolved = ManifestReferenceResolver().preprocess_manifest(assemble([name]))
    typed = ManifestComponentTransformer().propagate_types_and_parameters("", resolved, {})
    stream = ModelToComponentFactory().create_component(DeclarativeStreamModel, typed["streams"][0], tenant.config)
    return [dict(record.data) for partition in stream.generate_partitions() for record in partition.read()]


def keys(name: str, rows: list[dict[str, Any]]) -> list[str]:
    columns = primary_key(load_stream(name))
    return sorted(str([row.get(column) for column in columns]) for row in rows)


@pytest.mark.parametrize("name", [name for name in STREAMS if name not in WITH_A_CURSOR])
def test_a_stream_without_a_cursor_reads_the_same_rows(read: Read, name: str) -> None:
    tenant, synced = read
    assert synced.records[name]
    assert keys(name, synced.records[name]) == keys(name, rows_by_the_framework(name, tenant))


@pytest.mark.parametrize("name", sorted(WITH_A_CURSOR))
def test_a_stream_with_a_cursor_refuses_in_a_sentence(read: Read, name: str) -> None:
    """Rather than to end well with no rows, or to die of an error that names no stream."""
    tenant, synced = read
    assert synced.records[name]
    with pytest.raises(AirbyteTracedException, match=f"^`{name}` was not read: ") as refused:
        rows_by_the_framework(name, tenant)
    assert FailureType.config_error == refused.value.failure_type
