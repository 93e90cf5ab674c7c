"""The normalized config of a tenant, which leads to what its streams share and cannot be copied."""

from collections.abc import Mapping
from typing import Any, NoReturn

from source_auth0.config.normalization import normalize_config


class TenantConfig(dict[str, Any]):
    """The config of a tenant as the framework's templates and all components see it.

    `base_url` and `audience` are normalized; what cannot be stays, for `Tenant.validate` to report. tenant: the
    `Tenant` (`api/tenant.py`) whose config it is, to which `Tenant.of` leads. A copy would lead nowhere: copying
    raises a TypeError, and `Tenant.of` does so for what `{**config}` makes of it, which no class can refuse.
    """

    def __init__(self, config: Mapping[str, Any], tenant: Any) -> None:
        if isinstance(config, TenantConfig):
            raise copy_error("config")
        super().__init__(normalize_config(config))
        self.tenant = tenant

    def __repr__(self) -> str:
        """The address alone: a config holds secrets."""
        return f"TenantConfig({self.get('base_url')})"

    def copy(self) -> NoReturn:
        """Raise a TypeError."""
        raise copy_error("config")

    def __or__(self, other: object) -> NoReturn:
        """Raise a TypeError."""
        raise copy_error("config")

    __ror__ = __or__

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Raise a TypeError to copy, deepcopy and pickle."""
        raise copy_error("config")


def copy_error(what: str) -> TypeError:
    """The error for a copy of a tenant or of its config."""
    return TypeError(
        f"A {what} cannot be copied: the copy would sign in again, and have a rate limit and a page cache of its own. "
        f"Use the {what} itself."
    )
