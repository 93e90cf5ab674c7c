from typing import Any

from tools.audit import EXPLAINED, LOCKS, ROOT, main, report

CLEAN: dict[str, Any] = {"name": "orjson", "version": "3.11.0", "vulns": []}
UNKNOWN: dict[str, Any] = {"name": "attrs", "version": "26.1.0", "skip_reason": "Dependency not found"}


def vulnerable(*names: str) -> dict[str, Any]:
    advisory = {"id": names[0], "aliases": list(names[1:]), "fix_versions": ["2.0"]}
    return {"name": "requests", "version": "1.0", "vulns": [advisory]}


def test_a_lock_without_vulnerabilities_is_fine():
    assert (["a.txt: 1 packages, 0 vulnerabilities"], True) == report("a.txt", [CLEAN])


def test_a_lock_with_a_vulnerability_fails():
    lines, is_fine = report("a.txt", [CLEAN, vulnerable("PYSEC-1")])
    assert not is_fine
    assert ["a.txt: 2 packages, 1 vulnerabilities", "  requests 1.0: PYSEC-1, fixed in 2.0"] == lines


def test_an_explained_vulnerability_is_reported_and_passes():
    name, why = next(iter(EXPLAINED.items()))
    lines, is_fine = report("a.txt", [vulnerable("GHSA-1", name)])
    assert is_fine
    assert f"  requests 1.0: GHSA-1, {why}" == lines[-1]


def test_a_failed_look_up_is_reported_and_never_passes_as_clean():
    lines, is_fine = report("a.txt", [CLEAN, UNKNOWN])
    assert is_fine
    assert "  1 of them have no advisories to be had from here: they are not audited" == lines[-1]


def test_without_the_tool_nothing_fails_and_nothing_counts_as_audited(capsys):
    assert 0 == main("no-such-command")
    assert len(LOCKS) == capsys.readouterr().out.count("not audited")


def test_every_lock_is_audited():
    assert {path.name for path in ROOT.glob("requirements*.txt")} == set(LOCKS)
