"""Which URLs there are, one module per family; every module's ROUTES are taken, so adding one needs no list."""

from __future__ import annotations

import importlib
import pkgutil

from auth0_simulator.route import Route


def _load() -> tuple[Route, ...]:
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return tuple(route for module in modules for route in module.ROUTES)


ROUTES = _load()
