"""The bill of materials is held against the lock."""

import json
import subprocess
from pathlib import Path

import pytest

from tools import sbom
from tools.sbom import SbomError, components, locked, write

LOCK = """\
PyJWT==2.10.1 \\
    --hash=sha256:aa
tomli==2.0.1 ; python_full_version < '3.11' \\
    --hash=sha256:bb
numpy==2.4.6 ; python_full_version == '3.11.*' \\
    --hash=sha256:cc
colorama==0.4.6 ; sys_platform == 'no such system' \\
    --hash=sha256:dd
"""
DOCUMENT = {"components": [{"name": "PyJWT", "version": "2.10.1"}, {"name": "numpy", "version": "2.4.6"}]}


def test_a_lock_has_what_its_markers_let_pass_for_a_python() -> None:
    assert {"pyjwt==2.10.1", "numpy==2.4.6"} == locked(LOCK, "3.11")
    assert {"pyjwt==2.10.1", "tomli==2.0.1"} == locked(LOCK, "3.10")


def test_the_projects_lock_has_packages_for_every_python() -> None:
    text = (sbom.ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert all(len(locked(text, f"3.{minor}")) > 60 for minor in range(10, 15))


def test_packages_are_compared_by_normalized_name() -> None:
    assert {"pyjwt==2.10.1", "a-b==1"} == components(
        {"components": [{"name": "PyJWT", "version": "2.10.1"}, {"name": "a_B", "version": "1"}]}
    )


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for `cyclonedx-py`: writes DOCUMENT, for a project that has LOCK."""
    (tmp_path / "requirements.txt").write_text(LOCK)
    monkeypatch.setattr(sbom, "ROOT", tmp_path)

    def ran(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert ["--pyproject", str(tmp_path / "pyproject.toml")] == command[2:4]
        Path(command[command.index("--output-file") + 1]).write_text(json.dumps(DOCUMENT))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(sbom.subprocess, "run", ran)
    return tmp_path


def test_an_sbom_that_is_what_is_locked_counts_its_packages(program: Path) -> None:
    assert 2 == write(program / "python", "3.11", program / "out.json")


def test_an_sbom_that_names_too_much_or_too_little_fails_with_the_difference(program: Path) -> None:
    with pytest.raises(SbomError, match=r"\['numpy==2.4.6', 'tomli==2.0.1'\]"):
        write(program / "python", "3.10", program / "out.json")


def test_without_the_program_the_message_says_what_sets_it_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "PROGRAM", tmp_path / "cyclonedx-py")
    with pytest.raises(SbomError, match="`make release-check` sets it up"):
        write(tmp_path / "python", "3.11", tmp_path / "out.json")
