import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from source_auth0.manifest.assembly import assemble
from source_auth0.manifest.files import stream_files

ROOT = Path(__file__).parents[2]
METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yaml").read_text())
DATA = METADATA["data"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def project(key: str) -> str:
    """A text of pyproject.toml's [project] table; tomllib came with Python 3.11."""
    table = (ROOT / "pyproject.toml").read_text().partition("[project]\n")[2].partition("\n[")[0]
    (value,) = re.findall(rf'^{key} = "(.+?)"', table, re.MULTILINE)
    return str(value)


def test_the_metadata_is_valid_in_airbytes_own_model():
    models = pytest.importorskip("airbyte_connector_models.metadata.v0.connector_metadata_definition_v0")
    assert models.ConnectorMetadataDefinitionV0.model_validate(METADATA)


def test_there_is_one_version():
    """pyproject.toml has it; the metadata and the image's label repeat it."""
    labels = set(re.findall(r'\.version="(.+?)"', DOCKERFILE))
    assert {project("version"), DATA["dockerImageTag"]} == labels
    assert f"\n## [{project('version')}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_image_is_built_on_one_base_by_digest():
    (base,) = re.findall(r"ARG BASE_IMAGE=(\S+)", DOCKERFILE)
    assert base == DATA["connectorBuildOptions"]["baseImage"]
    assert re.search(r":\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$", base)


def test_the_image_is_labelled_as_what_it_is():
    labels = dict(re.findall(r'([\w.]+)="([^"]+)"', DOCKERFILE[DOCKERFILE.index("LABEL") :]))
    assert DATA["dockerRepository"] == labels["io.airbyte.name"]
    assert (project("license"), project("description")) == tuple(
        labels[f"org.opencontainers.image.{name}"] for name in ("licenses", "description")
    )


def test_the_dockerfile_is_for_any_builder():
    """The classic one knows no heredocs, no mounts and no syntax line."""
    assert not re.search(r"--mount|<<|^# *syntax", DOCKERFILE, re.MULTILINE)


def test_every_host_that_is_requested_is_allowed():
    """Whatever the tenant's domain is: the entry is filled in from the config."""
    hosts = DATA["allowedHosts"]["hosts"]
    assert {"${base_url}", "user-exports.auth0.com"} <= set(hosts)
    filled = {name for host in hosts for name in re.findall(r"\$\{(.+?)\}", host)}
    assert filled <= set(assemble([])["spec"]["connection_specification"]["properties"])


def test_tags_and_suites_are_those_that_airbyte_asks_for():
    assert {"language:python", "cdk:low-code"} == set(DATA["tags"])
    suites = [suite["suite"] for suite in DATA["connectorTestSuitesOptions"]]
    assert ["unitTests", "integrationTests", "acceptanceTests"] == suites
    assert {"cloud": True, "oss": True} == {name: entry["enabled"] for name, entry in DATA["registryOverrides"].items()}


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
        assert change["deadlineAction"] in {"auto_upgrade", "disable"}
        anchor = f"#upgrading-to-{version.replace('.', '')}"
        assert f"{DATA['documentationUrl']}-migrations{anchor}" == change["migrationDocumentationUrl"]
        (scope,) = change["scopedImpact"]
        assert set(scope["impactedScopes"]) <= set(stream_files())


def test_suggested_streams_exist():
    assert set(DATA["suggestedStreams"]["streams"]) <= set(stream_files())


def test_the_icon_is_a_drawing_without_outside_references():
    text = (ROOT / DATA["icon"]).read_text()
    assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 - a file of this repository
    assert not re.search(r"(href|src)=|<script|<image", text)
