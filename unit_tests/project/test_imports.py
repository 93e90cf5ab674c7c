"""Which package may import which: shared ones do not import their users, and there are no import cycles."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What each package may import of this project, besides itself.
ALLOWED: dict[str, set[str]] = {
    "source_auth0": set(),
    "auth0_simulator": set(),
    "testing": {"source_auth0", "auth0_simulator"},
    "tools": {"source_auth0", "auth0_simulator", "testing"},
    "soak": {"source_auth0", "auth0_simulator", "testing"},
    "benchmarks": {"source_auth0", "auth0_simulator", "testing"},
    "demo": {"source_auth0", "auth0_simulator"},
}
#: Folders of tests, and what they may import of this project; a folder within one of them may import its more.
ALLOWED_IN_TESTS: dict[str, set[str]] = {
    "unit_tests": {"source_auth0", "auth0_simulator", "testing"},
    "unit_tests/project": {"soak", "benchmarks", "tools"},
    "unit_tests/demo": {"demo"},
    "unit_tests/report": {"demo"},
    "integration_tests": {"source_auth0", "auth0_simulator", "testing"},
    "integration_tests/commands": {"demo"},
    "integration_tests/soak": {"soak"},
    "integration_tests/warehouse": {"tools"},
}
OWN = {*ALLOWED, "unit_tests", "integration_tests"}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ALLOWED
    for path in (ROOT / package).rglob("*.py")
}
TESTS = [path for folder in ("unit_tests", "integration_tests") for path in (ROOT / folder).rglob("*.py")]


def imports_of(path: Path) -> Iterator[str]:
    """The full names that a file imports from this project, wherever in the file it does so."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found: list[str] = []
        match node:
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.ImportFrom(module=module, names=names, level=0):
                found = [f"{module}.{alias.name}" for alias in names]
            case ast.ImportFrom():
                raise AssertionError(f"{path} has a relative import")
        yield from (name for name in found if name.partition(".")[0] in OWN)


def module_of(name: str) -> str:
    """The module that has this name, or that defines it."""
    return name if name in MODULES else name.rpartition(".")[0]


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_what_it_may(package: str):
    allowed = {package, *ALLOWED[package]}
    for module, path in MODULES.items():
        if module.partition(".")[0] == package:
            assert set() == {name for name in imports_of(path) if name.partition(".")[0] not in allowed}, path


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_test_imports_no_other_and_what_is_tested_where_it_belongs(path: Path):
    """What tests share is in `testing`; soak, benchmarks, tools and demo are imported by their own tests alone."""
    folders = [str(folder.relative_to(ROOT)) for folder in path.parents if folder.is_relative_to(ROOT)]
    allowed = {name for folder in folders for name in ALLOWED_IN_TESTS.get(folder, set())}
    assert set() == {name for name in imports_of(path) if name.partition(".")[0] not in allowed}


def test_there_are_no_import_cycles():
    graph = {module: {module_of(name) for name in imports_of(path)} - {module} for module, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


def test_every_folder_of_a_package_is_a_package_with_a_sentence():
    for package in ALLOWED:
        for folder in {path.parent for path in (ROOT / package).rglob("*.py")}:
            text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
            assert text, folder


def test_no_folder_holds_more_than_ten_modules():
    for top in OWN:
        for folder in {path.parent for path in (ROOT / top).rglob("*.py")}:
            modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
            assert len(modules) <= 10, folder
