"""The settings that the control plane reads and changes while the tenant is running, by name."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

from auth0_simulator.control.release import ReleaseSettings
from auth0_simulator.control.settings import SimulatorSettings
from auth0_simulator.events.store import EVENT_SETTINGS
from auth0_simulator.exports.store import EXPORT_SETTINGS
from auth0_simulator.tenant import Tenant

Body = dict[str, Any]
LOG_SETTINGS = {"log_expired": "expired", "log_retention": "retention", "log_search_lag": "search_lag"}
SEARCH_SETTINGS = ("user_id_ranges", "negated_exists", "hydrated")
INDEXING_SETTINGS = {"index_lag": "lag", "index_lateness": "max_lateness", "index_stalled": "stalled"}
RELEASE_SETTINGS = tuple(field.name for field in dataclasses.fields(ReleaseSettings))
SETTING_NAMES = (
    "latency",
    "plan",
    "scopes",
    "page_limit",
    "total_cap",
    "token_lifetime",
    "gzip",
    "exports",
    "events",
    "release",
    *LOG_SETTINGS,
    *SEARCH_SETTINGS,
    *INDEXING_SETTINGS,
)


class AdjustableSimulator(Protocol):
    """What has the settings of a simulator."""

    tenant: Tenant
    settings: SimulatorSettings
    plan: str


def read_settings(simulator: AdjustableSimulator) -> Body:
    """Every setting by name."""
    tenant = simulator.tenant
    return {
        **dataclasses.asdict(simulator.settings),
        "scopes": sorted(simulator.settings.scopes),
        "plan": simulator.plan,
        **{name: getattr(tenant.user_index, name) for name in SEARCH_SETTINGS},
        **{name: getattr(tenant.log, attribute) for name, attribute in LOG_SETTINGS.items()},
        **{name: getattr(tenant.user_index.indexing, attribute) for name, attribute in INDEXING_SETTINGS.items()},
        "exports": {name: getattr(tenant.exports, name) for name in EXPORT_SETTINGS},
        "events": {name: getattr(tenant.events, name) for name in EVENT_SETTINGS},
    }


def change_settings(simulator: AdjustableSimulator, body: Body) -> Body:
    """Change settings by name, and return all of them; raises ValueError for an unknown name or value."""
    require_known(body, SETTING_NAMES)
    tenant = simulator.tenant
    for name, value in body.items():
        if name == "plan":
            simulator.plan = value
        elif name == "scopes":
            simulator.settings.scopes = frozenset(value)
        elif name in SEARCH_SETTINGS:
            setattr(tenant.user_index, name, bool(value))
        elif name in LOG_SETTINGS:
            setattr(tenant.log, LOG_SETTINGS[name], value)
        elif name in INDEXING_SETTINGS:
            setattr(tenant.user_index.indexing, INDEXING_SETTINGS[name], value)
        elif name == "exports":
            _apply_settings(tenant.exports, EXPORT_SETTINGS, value)
        elif name == "events":
            _apply_settings(tenant.events, EVENT_SETTINGS, value)
        elif name == "release":
            _apply_settings(simulator.settings.release, RELEASE_SETTINGS, value)
        else:
            setattr(simulator.settings, name, value)
    return read_settings(simulator)


def require_known(body: Body, known: tuple[str, ...]) -> None:
    """Raise ValueError if a name is not among the known ones."""
    unknown = [name for name in body if name not in known]
    if unknown:
        raise ValueError(f"{', '.join(unknown)} not known here; known are {', '.join(known)}")


def _apply_settings(target: object, names: tuple[str, ...], values: Body) -> None:
    require_known(values, names)
    for name, value in values.items():
        setattr(target, name, value)
