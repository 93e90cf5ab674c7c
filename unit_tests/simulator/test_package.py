"""The simulator is independent: it imports the standard library, cryptography and nothing of the connector."""

import ast
import sys
from pathlib import Path

import pytest

import auth0_simulator

ROOT = Path(auth0_simulator.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_it_imports_nothing_but_the_standard_library_cryptography_and_itself(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names | {
        "auth0_simulator",
        "cryptography",
    }


def test_its_modules_stay_small():
    assert [] == [
        str(file.relative_to(ROOT)) for file in FILES if len(file.read_text(encoding="utf-8").splitlines()) > 220
    ]
