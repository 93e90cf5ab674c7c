"""deploy/helm and deploy/image: keys of the charts, the same values in both, and one certificate."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
HELM = ROOT / "deploy/helm"
#: The keys of each chart that are used, by its values.yaml (https://github.com/airbytehq/airbyte-platform/tree/main/charts).
KEYS = {
    "values-chart-1.yaml": {
        "global.jobs.resources.requests",
        "global.jobs.resources.limits",
        "workload-launcher.env_vars",
    },
    "values-chart-2.yaml": {
        "global.workloads.resources.mainContainer.cpu",
        "global.workloads.resources.mainContainer.memory",
        "workloadLauncher.env_vars",
    },
}
IMAGE = (ROOT / "deploy/image/Dockerfile").read_text(encoding="utf-8")
FOR_CONNECTORS = "JOB_DEFAULT_ENV_"


def values(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((HELM / name).read_text(encoding="utf-8")))


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a file by their dotted keys."""
    if not isinstance(node, dict):
        yield path, node
        return
    for key, value in node.items():
        yield from leaves(value, f"{path}.{key}" if path else key)


def environment(name: str) -> dict[str, str]:
    """What the launcher is given for connectors, without its prefix."""
    content = values(name)
    launcher = content.get("workloadLauncher") or content["workload-launcher"]
    return {key.removeprefix(FOR_CONNECTORS): value for key, value in launcher["env_vars"].items()}


def in_image() -> dict[str, str]:
    return dict(re.findall(r"\b([A-Z_]+)=(\S+)", IMAGE.partition("\nENV ")[2]))


def test_there_is_a_file_for_each_chart():
    assert sorted(KEYS) == sorted(path.name for path in HELM.iterdir())


@pytest.mark.parametrize("name", KEYS)
def test_the_keys_are_the_charts(name: str):
    parents = {path.rpartition(".")[0] if path not in KEYS[name] else path for path, _ in leaves(values(name))}
    assert KEYS[name] == parents


def test_both_charts_are_told_the_same():
    first, second = (values(name) for name in sorted(KEYS))
    assert environment("values-chart-1.yaml") == environment("values-chart-2.yaml")
    bounds, container = (
        first["global"]["jobs"]["resources"],
        second["global"]["workloads"]["resources"]["mainContainer"],
    )
    assert {(kind, bound): container[kind][bound] for kind in ("cpu", "memory") for bound in ("request", "limit")} == {
        (kind, bound): bounds[f"{bound}s"][kind] for kind in ("cpu", "memory") for bound in ("request", "limit")
    }


def test_texts_are_texts():
    """Kubernetes takes a number for an environment variable as an error."""
    for name in KEYS:
        assert all(isinstance(value, str) for _, value in leaves(values(name)))


def test_image_and_charts_name_one_proxy():
    """A file of the derived image is named there alone: no other connector's image has it."""
    assert {"HTTPS_PROXY", "NO_PROXY"} == set(environment("values-chart-2.yaml"))
    assert in_image()["HTTPS_PROXY"] == environment("values-chart-2.yaml")["HTTPS_PROXY"]
    assert {"HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"} == set(in_image())
    assert f"COPY company-ca.pem {in_image()['REQUESTS_CA_BUNDLE']}\n" in IMAGE


def test_the_page_names_the_keys_of_both_charts():
    page = (ROOT / "docs/airbyte.md").read_text(encoding="utf-8").partition("## With Helm\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([\w-]+\.[\w.-]+)`", page))
    for keys in KEYS.values():
        assert all(any(key.startswith(name) for name in named) for key in keys)


def test_the_derived_image_keeps_user_and_entry_point():
    assert re.findall(r"^([A-Z]+) ", IMAGE, re.MULTILINE) == ["ARG", "FROM", "COPY", "ENV"]


def test_the_image_names_its_user_by_number():
    """Kubernetes refuses a name with `runAsNonRoot`; the number of root is no answer either."""
    last = re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)[-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last)
