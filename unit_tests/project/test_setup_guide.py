"""Setup guide and troubleshooting agree with the code: scopes are the streams', messages are those that are raised."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import source_auth0
from source_auth0.manifest.assembly import load_stream

PACKAGE = Path(source_auth0.__file__).parent
DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "setup.md").read_text(encoding="utf-8")
TROUBLESHOOTING = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
SCOPE = re.compile(r"read:[a-z_]+")
#: Modules with messages that any user may get; the guide has each of them.
COVERED = (
    *("errors", "check", "config/validation", "config/private_key"),
    *("api/http/responses", "api/http/response_errors", "api/http/connection_errors"),
    *("api/auth/token_endpoint", "api/auth/client_assertion"),
)
RAISED = {"config_error", "transient_error", "system_error", "__init__"}


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of the rows below a heading of a page."""
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if "`" in row[0] or "`" in row[-1]]


USES = table(GUIDE, "Scopes")
ROWS = [row[0].strip("`") for row in table(TROUBLESHOOTING, "By message")]


def written(node: ast.expr) -> str:
    """A text of the code, with … in place of interpolated values."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(written(value) for value in values)
        case _:
            return "…"


def texts(module: Path) -> list[str]:
    """Every text of a module that is a sentence or a part of one."""
    nodes = [node for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if isinstance(node, ast.expr)]
    return [text for text in map(written, nodes) if " " in text]


def messages() -> Iterator[str]:
    """The sentences that the covered modules raise, return as a warning or as advice."""
    for name in COVERED:
        tree = ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            found: list[ast.expr | None] = []
            match node:
                case ast.Call(func=ast.Name(id=called), args=[argument, *_]) if called in RAISED:
                    found = [*argument.values] if isinstance(argument, ast.BoolOp) else [argument]
                case ast.Call(keywords=keywords):
                    found = [keyword.value for keyword in keywords if keyword.arg in {"message", "warning"}]
                case ast.Return(value=value) | ast.Expr(value=ast.Yield(value=value)):
                    found = [value]
            yield from (text for text in (written(f) for f in found if f) if len(re.findall(r"\w+ \w+", text)) > 1)


def pattern(row: str) -> re.Pattern[str]:
    """A pattern for the messages that a row stands for: its words in this order."""
    return re.compile(
        ".+".join(re.escape(part.strip(" `(")) for part in row.split("…") if part.strip(" `(")), re.DOTALL
    )


@pytest.mark.parametrize("use", USES, ids=lambda use: use[0])
def test_the_scopes_of_a_use_are_those_of_its_streams(use: list[str]):
    _, streams, grant = use
    named = [load_stream(name)["$parameters"] for name in re.findall(r"`(\w+)`", streams)]
    required = {scope for parameters in named for scope in parameters["required_scopes"]}
    optional = {scope for parameters in named for scope in parameters["optional_scopes"] or []}
    listed = set(SCOPE.findall(grant))
    assert required <= listed <= required | optional


def test_command_line_and_terraform_grant_what_the_first_three_uses_need_and_the_demo():
    uses = {scope for use in USES[:4] if "API" not in use[0] for scope in SCOPE.findall(use[2])} | {"read:clients"}
    for language in ("sh", "terraform"):
        granted = [set(SCOPE.findall(block)) for block in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)]
        assert uses == granted[0] - {"read:client_keys"}


@pytest.mark.parametrize("language", ["sh", "terraform"])
def test_the_application_of_the_guide_is_in_a_file_too(language: str):
    shown = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)[0]
    file = DOCS / "example" / {"sh": "application.sh", "terraform": "application.tf"}[language]
    assert file.read_text(encoding="utf-8").endswith(shown)


@pytest.mark.parametrize("row", ROWS)
def test_every_message_of_the_guide_is_one_of_the_code(row: str):
    assert any(pattern(row).search(text) for module in PACKAGE.rglob("*.py") for text in texts(module))


@pytest.mark.parametrize("message", sorted(set(messages())))
def test_every_message_about_sign_in_responses_and_config_is_on_the_page(message: str):
    assert [row for row in ROWS if pattern(row).search(message)], message
