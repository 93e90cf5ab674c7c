"""The implementations that are compared: this connector in both modes, and the others."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from benchmarks.comparison.published_connector import published_command
from benchmarks.comparison.tenants import Tenant
from testing.in_process import catalog_of

FOLDER = Path(__file__).parent
DAYS = 365
WORKERS = 8
CONNECTOR, EXPORT, STOCK, FLOOR, PUBLISHED = "connector", "connector, export", "stock manifest", "floor", "published"
Config = dict[str, Any]


@dataclass(frozen=True)
class Implementation:
    """A program, and its config besides URL and token."""

    name: str
    program: list[str]
    options: Callable[[Tenant], Config]

    def command(self, tenant: Tenant, folder: Path) -> list[str]:
        """The command that syncs a tenant's users, with its config and catalog written to a folder."""
        credentials = {"auth_type": "oauth2_access_token", "access_token": tenant.token}
        config = {"base_url": tenant.base_url, "credentials": credentials, **self.options(tenant)}
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "catalog.json").write_text(json.dumps(catalog_of("users", full_refresh=True)))
        if self.name == FLOOR:
            return [*self.program, str(folder / "config.json")]
        files = (part for kind in ("config", "catalog") for part in (f"--{kind}", str(folder / f"{kind}.json")))
        return [*self.program, "read", *files]


def implementations() -> dict[str, Implementation]:
    """The implementations that can run on this machine."""
    connector = [sys.executable, "-m", "source_auth0"]
    found = [
        Implementation(CONNECTOR, connector, lambda _: {"num_workers": WORKERS}),
        Implementation(EXPORT, connector, lambda _: {"num_workers": WORKERS, "users_initial_load": "export_only"}),
        Implementation(STOCK, [sys.executable, str(FOLDER / "stock.py")], _windows),
        Implementation(FLOOR, [sys.executable, str(FOLDER / "floor.py")], lambda _: {}),
    ]
    if (command := published_command()) is not None:
        found.append(Implementation(PUBLISHED, [str(command)], _since))
    return {implementation.name: implementation for implementation in found}


def _windows(tenant: Tenant) -> Config:
    """The widest windows whose users stay below the cap of 1,000."""
    days = max(min(900 * DAYS // tenant.users, DAYS), 1)
    return {"beginning": _text(DAYS + 1), "window": f"P{days}D"}


def _since(_: Tenant) -> Config:
    return {"start_date": _text(DAYS + 1)}


def _text(days: int) -> str:
    time = datetime.now(timezone.utc) - timedelta(days=days)
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z")
