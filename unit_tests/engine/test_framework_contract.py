"""The framework's internals that the connector relies on: an incompatible release fails here, not at a customer.

Raise the bound of airbyte-cdk in pyproject.toml when these pass with the new release.
"""

import ast
import inspect
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk import logger as framework_logger
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.exception_handler import init_uncaught_exception_handler
from airbyte_cdk.models import AirbyteRecordMessage
from airbyte_cdk.sources.concurrent_source import concurrent_read_processor
from airbyte_cdk.sources.concurrent_source.concurrent_read_processor import ConcurrentReadProcessor
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.concurrent_source.thread_pool_manager import ThreadPoolManager
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.declarative import concurrent_declarative_source
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import ModelToComponentFactory
from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.declarative.stream_slicers.declarative_partition_generator import (
    StreamSlicerPartitionGenerator,
)
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from airbyte_cdk.sources.types import Record
from airbyte_cdk.utils import airbyte_secrets_utils
from airbyte_cdk.utils.memory_monitor import MemoryMonitor
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

import source_auth0
from source_auth0.engine.component_factory import ComponentFactory
from source_auth0.engine.concurrent_source import PageConcurrentSource
from source_auth0.engine.declarative_source import DEFERRAL_PREFIX, PageDeclarativeSource
from source_auth0.engine.entrypoint import PageEntrypoint
from source_auth0.source import SourceAuth0

PACKAGE = Path(source_auth0.__file__).parent
#: Methods that are overridden or called, with the parameters that they have in the framework.
SIGNATURES = {
    AirbyteEntrypoint.__init__: "self source",
    AirbyteEntrypoint.read: "self source_spec config catalog state",
    AirbyteEntrypoint.run: "self parsed_args",
    AirbyteEntrypoint.handle_record_counts: "message stream_message_count",
    AirbyteEntrypoint.set_up_secret_filter: "config connection_specification",
    AirbyteEntrypoint.validate_connection: "source_spec config",
    AirbyteEntrypoint.airbyte_message_to_string: "airbyte_message",
    AirbyteEntrypoint.parse_args: "args",
    init_uncaught_exception_handler: "logger",
    ConcurrentDeclarativeSource._select_streams: "self streams configured_catalog",
    ConcurrentDeclarativeSource._validate_source: "self",
    ConcurrentDeclarativeSource._pre_process_manifest: "self manifest",
    ConcurrentDeclarativeSource.configure: "self config temp_dir",
    ConcurrentDeclarativeSource.streams: "self config",
    ConcurrentDeclarativeSource.read: "self logger config catalog state",
    ConcurrentDeclarativeSource.read_state: "state_path",
    ModelToComponentFactory.create_default_stream: "self model config is_parent kwargs",
    ModelToComponentFactory._build_concurrent_cursor: "self model stream_slicer config",
    ModelToComponentFactory._get_class_from_fully_qualified_class_name: "full_qualified_class_name",
    ModelToComponentFactory.create_component: "self model_type component_definition config kwargs",
    ConcurrentSource.read: "self streams",
    ConcurrentSource._handle_item: "self queue_item concurrent_stream_processor",
    ThreadPoolManager.__init__: "self threadpool logger max_concurrent_tasks",
    ConcurrentMessageRepository.__init__: "self queue message_repository",
    StreamThreadException.__init__: "self exception stream_name",
    Record.__init__: "self data stream_name associated_slice file_reference",
    Retriever.read_records: "self records_schema stream_slice",
    Cursor.observe: "self record",
    Cursor.close_partition: "self partition",
    Cursor.ensure_at_least_one_state_emitted: "self",
    Cursor.should_be_synced: "self record",
    Cursor.stream_slices: "self",
    ConnectorStateManager.get_stream_state: "self stream_name namespace",
    ConnectorStateManager.update_state_for_stream: "self stream_name namespace value",
    ConnectorStateManager.create_state_message: "self stream_name namespace",
    MemoryMonitor.__init__: "self check_interval",
    airbyte_secrets_utils.add_to_secrets: "secret",
    airbyte_secrets_utils.filter_secrets: "string",
}
#: Attributes that are read or replaced: the class whose source sets or has them, and their names.
ATTRIBUTES = {
    ConcurrentDeclarativeSource: {
        *("_config", "_concurrent_source", "_constructor", "_connector_state_manager", "_message_repository"),
        *("_pre_process_manifest", "_select_streams", "_source_config", "_validate_source"),
    },
    AirbyteEntrypoint: {"_memory_monitor"},
    MemoryMonitor: {"_check_interval"},
    ModelToComponentFactory: {
        *("_build_concurrent_cursor", "_connector_state_manager", "_get_class_from_fully_qualified_class_name"),
        *("_message_repository", "_stream_name_to_configured_stream"),
    },
    ConcurrentSource: {"_handle_item"},
    ConcurrentReadProcessor: {"_collect_all_parent_stream_names", "_flag_exception", "_record_counter"},
    AirbyteTracedException: {"_exception"},
    DefaultStream: {"_stream_partition_generator"},
    StreamSlicerPartitionGenerator: {"_stream_slicer"},
}
#: Private names of Python's own that are used: `Queue` calls `_put` with its lock held.
PYTHON_NAMES = {"_exit", "_put"}


def parameters(function: Any) -> str:
    return " ".join(name for name in inspect.signature(function).parameters if name != "cls")


@pytest.mark.parametrize("function", SIGNATURES, ids=lambda function: function.__qualname__)
def test_a_method_has_the_parameters_that_are_passed(function: Any):
    assert SIGNATURES[function] == parameters(function)


@pytest.mark.parametrize(
    ("owner", "name"), [(owner, name) for owner, names in ATTRIBUTES.items() for name in sorted(names)]
)
def test_a_private_name_is_there(owner: type, name: str):
    assert hasattr(owner, name) or f"self.{name}" in inspect.getsource(owner)


@pytest.mark.parametrize(
    ("ours", "method"),
    [
        (PageDeclarativeSource, "_select_streams"),
        (PageDeclarativeSource, "_validate_source"),
        (ComponentFactory, "_build_concurrent_cursor"),
        (ComponentFactory, "create_default_stream"),
        (PageConcurrentSource, "_handle_item"),
        (PageEntrypoint, "handle_record_counts"),
    ],
)
def test_an_override_takes_what_the_framework_passes(ours: type, method: str):
    assert parameters(getattr(ours.__mro__[1], method)) == parameters(getattr(ours, method))


def test_a_thread_pool_is_only_submitted_to_and_shut_down():
    """FairThreadPool has no more than `submit` and `shutdown` of an executor."""
    used = {node.attr for node in ast.walk(ast.parse(inspect.getsource(ThreadPoolManager))) if is_of_pool(node)}
    assert {"submit", "shutdown"} == used


def is_of_pool(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self._threadpool"


def test_a_concurrent_source_takes_a_queue_a_repository_and_a_number():
    wanted = {"queue", "message_repository", "initial_number_partitions_to_generate"}
    assert wanted <= set(inspect.signature(ConcurrentSource.__init__).parameters)


def test_output_is_written_under_one_lock():
    assert isinstance(framework_logger.PRINT_BUFFER.lock, type(threading.RLock()))


def test_a_stream_that_waits_for_its_group_is_logged_in_these_words():
    assert f'"{DEFERRAL_PREFIX}' in inspect.getsource(concurrent_read_processor)


def test_a_stream_takes_the_group_whose_streams_are_read_one_by_one():
    assert isinstance(AbstractStream.block_simultaneous_read, property)
    assert DefaultStream.block_simultaneous_read.fset is not None


def test_a_record_message_has_the_keys_that_lines_are_written_with():
    names = set(inspect.signature(AirbyteRecordMessage).parameters)
    assert {"stream", "data", "emitted_at"} <= names


def test_responses_are_classified_in_the_frameworks_words():
    wanted = {"SUCCESS", "IGNORE", "RATE_LIMITED", "RETRY", "REFRESH_TOKEN_THEN_RETRY", "FAIL"}
    assert wanted <= set(ResponseAction.__members__)


def test_the_yaml_schema_of_components_is_read_by_a_function_that_can_be_cached():
    assert callable(concurrent_declarative_source.get_declarative_component_schema)


def private_names(folder: Path) -> Iterator[tuple[str, str]]:
    """File and private name of each attribute that is read, set or called on anything."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                yield str(path.relative_to(PACKAGE)), node.attr


@cache
def own_names() -> set[str]:
    """Private names that the connector's own classes and modules define."""
    names: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.FunctionDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                    names.add(name)
                case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                    names.add(name)
                case _:
                    pass
    return names


def test_the_frameworks_private_names_are_used_in_the_engine_alone():
    inherited = {name for names in ATTRIBUTES.values() for name in names}
    framework = {name for cls in SourceAuth0.__mro__ if "airbyte_cdk" in cls.__module__ for name in vars(cls)}
    elsewhere = [
        (path, name)
        for path, name in private_names(PACKAGE)
        if not path.startswith("engine/")
        and (name not in own_names() | PYTHON_NAMES or (path == "source.py" and name in inherited | framework))
    ]
    assert [] == elsewhere


def test_every_private_name_that_the_engine_uses_is_listed_here():
    listed = {name for names in ATTRIBUTES.values() for name in names} | PYTHON_NAMES
    own = own_names() - {name for names in ATTRIBUTES.values() for name in names}
    used = {name for _, name in private_names(PACKAGE / "engine")}
    assert listed >= used - own
