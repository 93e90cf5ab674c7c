"""The source: the declarative manifest, with check and discover where the framework's do not serve."""

import logging
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from dataclasses import replace
from functools import partial
from typing import Any

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    Status,
    SyncMode,
)
from airbyte_cdk.sources.declarative.models import SelectiveAuthenticator as SelectiveAuthenticatorModel
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.auth.authenticators import TenantAuthenticator
from source_auth0.api.tenant import Tenant
from source_auth0.check import check_tenant, finish_in_time
from source_auth0.config.start_date import future_start_date_problem
from source_auth0.config.unknown_keys import unknown_key_warnings
from source_auth0.config.validation import validate_config
from source_auth0.engine.declarative_source import PageDeclarativeSource, failing_stream
from source_auth0.engine.thread_pool import FairThreadPool
from source_auth0.input_files.catalog_file import read_catalog, unknown_stream_error, unknown_streams_error
from source_auth0.input_files.config_file import read_config
from source_auth0.input_files.state_file import read_state
from source_auth0.manifest import following
from source_auth0.manifest.assembly import assemble, json_schema, load_following_streams, load_stream, primary_key
from source_auth0.manifest.files import stream_files
from source_auth0.outcomes import StreamOutcome
from source_auth0.retrievers.cursors.full_readings import FullReadings
from source_auth0.retrievers.lists.refused_parents import outcome_of
from source_auth0.retrievers.readings.readings import Readings


class SourceAuth0(PageDeclarativeSource):
    """Reads an Auth0 tenant; only the streams that a command needs are built.

    With `whole_pages`, `read` gives pages of lines (engine/page_records.py) to a caller that can print them.
    """

    def __init__(
        self,
        catalog: ConfiguredAirbyteCatalog | None = None,
        config: Mapping[str, Any] | None = None,
        state: list[AirbyteStateMessage] | None = None,
        config_path: str | None = None,
        *,
        whole_pages: bool = False,
    ) -> None:
        known = stream_files()
        selected = [s.stream.name for s in catalog.streams if s.stream.name in known] if catalog else []
        super().__init__(
            catalog=catalog,
            config=config,
            state=state,
            config_path=config_path,
            manifest=assemble(selected, follows_changes=following.is_on(config)),
        )
        tenant = Tenant(self.config)
        tenant.is_resumed = bool(state)
        left = {configured.stream.name for configured in catalog.streams} if catalog else set()
        self.replace_parts(
            tenant.config,
            FairThreadPool(lambda: tenant.threads),
            lambda stream, parents: _outcome_at_end(tenant, stream, parents, left),
            tenant.progress,
            whole_pages=whole_pages,
        )

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Sign in, tell what the token may read, and read one row; only a token that reads nothing fails."""
        try:
            self._check(config, logger)
        except AirbyteTracedException as error:
            return AirbyteConnectionStatus(status=Status.FAILED, message=filter_secrets(error.message or ""))
        return AirbyteConnectionStatus(status=Status.SUCCEEDED)

    def _check(self, config: Mapping[str, Any], logger: logging.Logger) -> None:
        tenant, authenticator, url = self.api_of(config)
        streams = {name: load_stream(name) for name in stream_files()}
        families = {name: path.parent.name for name, path in stream_files().items()}
        check = partial(check_tenant, tenant, authenticator, url, streams, families, logger)
        finish_in_time(check, tenant.domain)

    def api_of(self, config: Mapping[str, Any]) -> tuple[Tenant, TenantAuthenticator, str]:
        """What a command needs to send requests of its own: the tenant, what signs in to it, and the API's URL.

        Raises a config error where the config is wrong.
        """
        tenant = self._tenant(config)
        return tenant, self._authenticator(tenant), self.manifest["definitions"]["requester"]["url"]

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:  # noqa: ARG002
        """Every stream, whatever the token may read: a catalog that needs no network and never shrinks."""
        names = list(stream_files())
        is_following = following.is_on(self.config or config)
        streams = load_following_streams(names) if is_following else [load_stream(name) for name in names]
        return AirbyteCatalog(streams=[_airbyte_stream(stream) for stream in streams])

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Read the selected streams; one that this version does not know fails alone, if there are others."""
        tenant = self._tenant(config)
        if problem := future_start_date_problem(tenant.config, tenant.now()):
            self.logger.warning(problem)
        if (unknown := _unknown_streams(catalog)) and len(unknown) == len(catalog.streams):
            raise unknown_streams_error(unknown, len(catalog.streams))
        if catalog != self.configured_catalog:
            yield from SourceAuth0(catalog, config, state).read(logger, config, catalog, state)
        else:
            yield from super().read(logger, config, catalog, state)

    def streams(self, config: Mapping[str, Any]) -> list[AbstractStream]:
        """The selected streams, those that do not exist included; all where the source was made without a catalog."""
        if self.configured_catalog is None:
            is_following = following.is_on(self.config or config)
            self.replace_manifest(assemble(list(stream_files()), with_schemas=True, follows_changes=is_following))
            return super().streams(config)
        unknown = _unknown_streams(self.configured_catalog)
        failing = [failing_stream(name, unknown_stream_error(name), self.logger) for name in unknown]
        return [*super().streams(config), *failing]

    @staticmethod
    def read_config(config_path: str) -> MutableMapping[str, Any]:
        """The config in a file; raises a config error that says what is wrong with the file."""
        return read_config(config_path)

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        """The configured catalog in a file; raises a config error that says what is wrong with it."""
        return read_catalog(catalog_path)

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """The saved state of each stream in a file, in any form that was ever written down."""
        return read_state(state_path)

    def _tenant(self, config: Mapping[str, Any]) -> Tenant:
        """The tenant of this source's config (or of the one a caller hands in), once it holds water."""
        tenant = Tenant.of(self.config) if self.config else Tenant(config)
        spec = self.manifest["spec"]["connection_specification"]
        for warning in unknown_key_warnings(tenant.config, spec):
            if tenant.first_time(warning):
                self.logger.warning(warning)
        validate_config(tenant.config, spec)
        tenant.validate()
        return tenant

    def _authenticator(self, tenant: Tenant) -> TenantAuthenticator:
        definition = self.manifest["definitions"]["authenticator"]
        authenticator: TenantAuthenticator = self.create_component(
            SelectiveAuthenticatorModel, definition, tenant.config
        )
        return authenticator


def _outcome_at_end(tenant: Tenant, stream: str, parents: Collection[str], left: set[str]) -> StreamOutcome:
    """What became of a stream, which tells no more readings; the last of those `left` says which to read in full."""
    Readings.of(tenant).stream_ended(stream)
    left.discard(stream)
    outcome = outcome_of(tenant, stream, parents)
    reminder = "" if left else FullReadings.of(tenant).reminder()
    if not reminder or not tenant.first_time(reminder):
        return outcome
    return replace(outcome, warnings=(*outcome.warnings, reminder))


def _unknown_streams(catalog: ConfiguredAirbyteCatalog) -> list[str]:
    """Names of the selected streams that this version does not have."""
    known = stream_files()
    return [configured.stream.name for configured in catalog.streams if configured.stream.name not in known]


def _airbyte_stream(definition: dict[str, Any]) -> AirbyteStream:
    stream = AirbyteStream(
        name=definition["name"],
        json_schema=json_schema(definition),
        supported_sync_modes=[SyncMode.full_refresh],
        source_defined_primary_key=[[key] for key in primary_key(definition)],
        is_resumable=False,
    )
    if cursor_field := definition.get("cursor_field"):
        stream.supported_sync_modes.append(SyncMode.incremental)
        stream.source_defined_cursor = True
        stream.default_cursor_field = [cursor_field]
        stream.is_resumable = True
    return stream
