import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from source_auth0.config.tenant_config import TenantConfig


@pytest.fixture
def config() -> TenantConfig:
    return TenantConfig({"base_url": "acme.us.auth0.com", "secret": "x"}, "the tenant")


def test_a_config_is_normalized_and_leads_to_its_tenant(config: TenantConfig):
    assert {"base_url": "https://acme.us.auth0.com", "secret": "x"} == config
    assert "the tenant" == config.tenant


@pytest.mark.parametrize(
    "copied",
    [
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        lambda config: copy.deepcopy({"config": [config]}),
        lambda config: config.copy(),
        lambda config: config | {"a": 1},
        lambda config: {"a": 1} | config,
        lambda config: TenantConfig(config, "another tenant"),
    ],
)
def test_a_config_cannot_be_copied(config: TenantConfig, copied: Callable[[Any], Any]):
    """A component with a copy would sign in again, beside the rate limit."""
    with pytest.raises(
        TypeError, match=r"^A config cannot be copied: the copy would sign in again.* the config itself"
    ):
        copied(config)


def test_the_repr_shows_only_the_base_url(config: TenantConfig):
    assert "TenantConfig(https://acme.us.auth0.com)" == f"{config}" == f"{config!r}"
