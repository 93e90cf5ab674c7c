import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from source_auth0.manifest import assemble, stream_files

ROOT = Path(__file__).parents[1]
METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yaml").read_text())
DATA = METADATA["data"]


def project(key: str) -> str:
    """A text of pyproject.toml's [project] table; tomllib came with Python 3.11."""
    (value,) = re.findall(rf'^{key} = "(.+?)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    return str(value)


def test_the_metadata_is_valid_in_airbytes_own_model():
    models = pytest.importorskip("airbyte_connector_models.metadata.v0.connector_metadata_definition_v0")
    assert models.ConnectorMetadataDefinitionV0.model_validate(METADATA)


def test_the_version_is_that_of_the_package():
    assert project("version") == DATA["dockerImageTag"]


def test_the_package_is_named_as_it_is_published():
    assert "airbyte-source-auth0" == project("name") == DATA["remoteRegistries"]["pypi"]["packageName"]


def test_the_connector_keeps_its_identity():
    assert "6c504e48-14aa-4221-9a72-19cf5ff1ae78" == DATA["definitionId"]
    assert "airbyte/source-auth0" == DATA["dockerRepository"]
    assert assemble([])["spec"]["documentation_url"] == DATA["documentationUrl"]


def test_a_breaking_version_says_what_to_do():
    for version, change in DATA["releases"]["breakingChanges"].items():
        assert re.fullmatch(r"\d+\.0\.0", version)
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", change["upgradeDeadline"])
        assert change["message"].strip().endswith(".")


def test_suggested_streams_exist():
    assert set(DATA["suggestedStreams"]["streams"]) <= set(stream_files())


def test_the_icon_is_a_drawing_without_outside_references():
    text = (ROOT / DATA["icon"]).read_text()
    assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 - a file of this repository
    assert not re.search(r"(href|src)=|<script|<image", text)
