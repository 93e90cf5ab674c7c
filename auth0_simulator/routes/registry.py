"""Every route: the ROUTES of each module of each family are found automatically, so adding one needs no list."""

from __future__ import annotations

import importlib
import pkgutil

from auth0_simulator import routes
from auth0_simulator.api.route import Route


def _load() -> tuple[Route, ...]:
    found = pkgutil.walk_packages(routes.__path__, f"{routes.__name__}.")
    modules = [importlib.import_module(info.name) for info in found if not info.ispkg and info.name != __name__]
    return tuple(route for module in modules for route in module.ROUTES)


ROUTES = _load()
