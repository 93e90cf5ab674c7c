"""Every route: the ROUTES of each module of each family are found automatically, so adding one needs no list."""

from __future__ import annotations

import importlib
import pkgutil

from auth0_simulator import routes
from auth0_simulator.api.route import Route
from auth0_simulator.routes.single_reads import single_reads


def _load() -> tuple[Route, ...]:
    found = pkgutil.walk_packages(routes.__path__, f"{routes.__name__}.")
    modules = [importlib.import_module(info.name) for info in found if not info.ispkg]
    declared = tuple(route for module in modules for route in getattr(module, "ROUTES", ()))
    return declared + single_reads(declared)


ROUTES = _load()
