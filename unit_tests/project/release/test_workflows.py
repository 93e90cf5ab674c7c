"""The workflows, the development container and the hooks: pinned, sparing with rights, and true to the Makefile."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
#: Hosts of registries of packages and of images, in pieces, so that this file names none.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("mcr", "microsoft", "com"),
        ("hub", "docker", "com"),
    )
]


def loaded(workflow: Path) -> dict[Any, Any]:
    """A workflow; YAML 1.1 reads its key `on` as true."""
    content = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path.stem, name, job) for path in WORKFLOWS for name, job in loaded(path)["jobs"].items()]


def test_there_is_a_workflow_for_tests_lint_image_and_release() -> None:
    assert ["image", "lint", "release", "test"] == [path.stem for path in WORKFLOWS]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_commit_with_its_version_beside(path: Path) -> None:
    uses = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert uses
    assert [] == [use for use in uses if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)]


def test_an_action_has_one_version_in_all_workflows() -> None:
    pins = {use for path in WORKFLOWS for use in re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))}
    assert len(pins) == len({pin.partition("@")[0] for pin in pins})


@pytest.mark.parametrize(("workflow", "name", "job"), jobs(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_job_has_the_rights_that_it_names_and_no_others(workflow: str, name: str, job: dict[str, Any]) -> None:
    assert {} == loaded(ROOT / f".github/workflows/{workflow}.yml")["permissions"]
    writing = {scope for scope, right in job["permissions"].items() if right == "write"}
    assert workflow == "release" or not writing
    assert "contents" not in writing or name == "announce"
    assert job["timeout-minutes"] <= 60
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", ""), "a text of others becomes code: hand it over as a variable"


def test_what_is_published_was_built_and_tried_before() -> None:
    release = loaded(ROOT / ".github/workflows/release.yml")["jobs"]
    assert any("make release-check" in step.get("run", "") for step in release["build"]["steps"])
    assert all("build" in job["needs"] for name, job in release.items() if name != "build")
    assert {"build", "package", "image"} == set(release["announce"]["needs"])


def test_the_image_is_attested_and_named_by_its_digest() -> None:
    image = loaded(ROOT / ".github/workflows/release.yml")["jobs"]["image"]
    assert image["outputs"]["image"].endswith("@${{ steps.push.outputs.digest }}")
    attested = [step["with"] for step in image["steps"] if step.get("uses", "").startswith("actions/attest@")]
    assert ["${{ steps.push.outputs.digest }}"] * 2 == [step["subject-digest"] for step in attested]
    assert [False, True] == ["sbom-path" in step for step in attested]


def test_every_supported_python_is_tested() -> None:
    (classified,) = {tuple(re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8")))}
    test = loaded(ROOT / ".github/workflows/test.yml")["jobs"]["test"]
    assert list(classified) == test["strategy"]["matrix"]["python"]
    build = loaded(ROOT / ".github/workflows/release.yml")["jobs"]["build"]
    named = [step["with"]["python-version"] for step in build["steps"] if "setup-python" in step.get("uses", "")]
    assert [sorted(classified)] == [sorted(versions.split()) for versions in named]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_target_of_make_that_is_called_exists(path: Path) -> None:
    phony = set(re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)[0].split())
    called = set(re.findall(r"\bmake ([a-z][\w./-]*)", path.read_text(encoding="utf-8")))
    matrix = [job["strategy"]["matrix"].get("target", []) for _, _, job in jobs() if "strategy" in job]
    targets = {name for names in matrix for name in names} | called
    assert set() == {name for name in targets if name not in phony and f"\n{name}:" not in MAKEFILE}


def test_no_file_names_a_host_of_a_registry() -> None:
    """Each installation asks the index that its user set up; a name in a file would overrule a company's own."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)  # noqa: S607, PLW1510 - the developer's git; an sdist has none
    names = [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    if not names:
        pytest.skip("no checkout of git")
    texts = {name: (ROOT / name).read_bytes().decode("utf-8", "ignore") for name in names}
    assert [] == [(name, host) for name, text in texts.items() for host in REGISTRIES if host in text]


def test_the_development_container_is_built_on_the_base_of_the_image() -> None:
    (base,) = re.findall(r"ARG BASE_IMAGE=(\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    dockerfile = ROOT / ".devcontainer" / container["build"]["dockerfile"]
    assert [base] == re.findall(r"^FROM (\S+)", dockerfile.read_text(encoding="utf-8"), re.MULTILINE)


def test_hooks_run_the_tools_of_the_project_and_fetch_none() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert ["local"] == [repository["repo"] for repository in config["repos"]]
    hooks = config["repos"][0]["hooks"]
    assert {"system"} == {hook["language"] for hook in hooks}
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks)
    linted = set(re.findall(r"\(python\) -m (ruff \w+|mypy)|\.venv/bin/(lint-imports)", MAKEFILE))
    expected = {" ".join(filter(None, words)) for words in linted}
    assert {"ruff check", "ruff format", "mypy", "lint-imports"} == expected
    assert all(any(f".venv/bin/{tool}" in hook["entry"] for hook in hooks) for tool in expected)


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda path: path.stem
)
def test_an_issue_form_asks_for_no_secret_and_is_well_formed(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    ids = [field["id"] for field in form["body"] if field["type"] != "markdown"]
    assert len(ids) == len(set(ids))
    assert f"**{form['name']}**" in (ROOT / "SUPPORT.md").read_text(encoding="utf-8")
