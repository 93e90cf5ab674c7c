"""Every command in the docs runs as written, against a simulated tenant; those of other programs are only parsed."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from auth0_simulator import Simulator
from source_auth0.manifest.files import stream_files
from testing.command import run
from testing.tenants import config_of

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "dbt/README.md"]
EXAMPLES = sorted((ROOT / "docs/example").iterdir())
#: Programs that cannot run here: they need an account, a cluster or a Docker engine (.ci/run runs the image).
OTHER_PROGRAMS = {"auth0", "curl", "docker", "gh", "helm", "kind", "terraform", "token"}
#: How a command begins that stands within a sentence.
PROSE = (
    "make",
    r"python3? -m",
    "python",
    "source-auth0",
    "pip",
    "dbt",
    "pre-commit",
    "tap-airbyte",
    "openssl",
    "auth0",
)
#: The part of a `docker run` command that is replaced by the connector's own command.
IN_CONTAINER = re.compile(r"docker run (?:--rm |-i |-v \S+:/secrets(?::ro)? |--\S+ )*\S*source-auth0:\S+ ")


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """(page, code) of each block in a language."""
    for page in PAGES:
        for code in re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            yield page.name, code


def commands() -> list[str]:
    """The distinct commands of shell blocks, without their comments."""
    joined = [code.replace("\\\n", " ") for _, code in blocks("sh")]
    lines = [line.partition(" #")[0].strip() for code in joined for line in code.splitlines()]
    return list(dict.fromkeys(re.sub(r"\s+", " ", line) for line in lines if line))


def commands_in_prose() -> list[str]:
    """The distinct commands within prose."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    found = [match for text in texts for match in re.findall(rf"`((?:{'|'.join(PROSE)}) [^`]+)`", text)]
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the checkout, a config, and the state of an earlier sync."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("docs", "source_auth0", "auth0_simulator"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    with Simulator(users=150, organizations=2) as sim:
        config = config_of(sim)
        catalog = json.loads((folder / "docs/example/catalog.json").read_text())
        first_sync = run("read", config=config, catalog=catalog)
        assert {stream["stream"]["name"] for stream in catalog["streams"]} == set(first_sync.records)
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "state.json").write_text(json.dumps(first_sync.state))
        # What a command before another writes, which may run elsewhere.
        (folder / "catalog.json").write_text(json.dumps(catalog))
        (folder / "sync-1.jsonl").write_text(first_sync.stdout)
        yield folder


def output_of(command: list[str], folder: Path) -> str:
    """The output of a command, which has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, timeout=300)
    assert 0 == done.returncode, done.stdout[-2000:] + done.stderr
    return done.stdout


@cache
def help_of(command: str) -> str:
    """What a command of the connector says of its options; the connector itself, if it is empty."""
    return output_of([sys.executable, "-m", "source_auth0", *([command] if command else []), "--help"], ROOT)


@pytest.mark.parametrize("command", commands())
def test_every_command_of_a_page_runs(command: str, checkout: Path) -> None:
    parsed = subprocess.run(
        [str(shutil.which("bash")), "-n", "-c", command], capture_output=True, text=True, check=False
    )
    assert (0, "") == (parsed.returncode, parsed.stderr)
    arguments = shlex.split(IN_CONTAINER.sub("source-auth0 ", command).replace("/secrets/", ""))
    match arguments:
        case ["source-auth0", *words]:
            *rest, file = words if words[-2:-1] == [">"] else [*words, ">", ""]
            printed = output_of([sys.executable, "-m", "source_auth0", *rest[:-1]], checkout)
            if file:
                (checkout / file).write_text(printed)
            assert '"FAILED"' not in printed
            assert '"type":"ERROR"' not in printed
        case ["make", target, *_]:
            assert target in makefile_targets()
        case ["pip", "install", "."]:
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
            output_of([*install, "--target", str(checkout / "installed"), "."], checkout)
            installed = sorted(path.stem for path in (checkout / "installed/source_auth0/streams").glob("*/*.yaml"))
            assert sorted(stream_files()) == installed
        case ["python", "-m", "auth0_simulator", *rest]:
            serve = [sys.executable, "-m", "auth0_simulator", *("0" if word == "8080" else word for word in rest)]
            with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, cwd=checkout) as process:
                assert process.stdout is not None
                assert {"base_url", "control_url", "config"} == set(json.loads(process.stdout.readline()))
                process.terminate()
        case ["python3", "-m", module, *_]:
            assert find_spec(module) is not None
        case [".", script]:
            assert script.endswith("/bin/activate")
        case ["python", script, *rest]:
            assert output_of([sys.executable, script, *rest], checkout)
        case [program, *_]:
            assert program.partition("=")[0] in OTHER_PROGRAMS


@pytest.mark.parametrize("command", commands_in_prose())
def test_a_command_mentioned_in_prose_exists(command: str) -> None:
    match shlex.split(command):
        case ["make", target, *_]:
            assert target in makefile_targets()
        case ["python" | "python3", "-m", module, *_]:
            assert find_spec(module) is not None
        case ["python", script, *_]:
            assert next(iter((ROOT / "docs").rglob(Path(script).name)), None), script
        case ["source-auth0", first, *_] if first == "needs" or first[0].isdigit():
            assert "--version" in help_of("")  # what it prints
        case ["source-auth0", first, *rest]:
            options = [word for word in (first, *rest) if word.startswith("--")]
            known = help_of("" if first.startswith("--") else first)
            assert [] == [option for option in options if option not in known]
        case [program, *_]:
            assert program in {"pip", "dbt", "pre-commit", "tap-airbyte", "openssl", "auth0"}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_can_be_read(file: Path) -> None:
    """What they do is tried by `python -m tools.loaders`, and by the tests of the pages that show them."""
    text = file.read_text(encoding="utf-8")
    match file.suffix:
        case ".json":
            assert json.loads(text)
        case ".py":
            assert ast.parse(text)
        case ".yml":
            assert yaml.safe_load(text)
        case ".sh" | ".tf":
            assert text.splitlines()[-1] in (ROOT / "docs/setup.md").read_text(encoding="utf-8")
        case other:
            raise AssertionError(f"nothing reads {other}")


def test_meltano_passes_a_config_that_the_connector_takes() -> None:
    (extractor,) = yaml.safe_load((ROOT / "docs/example/meltano.yml").read_text(encoding="utf-8"))["plugins"][
        "extractors"
    ]
    config = extractor["config"]["airbyte_config"]
    example = json.loads((ROOT / "docs/example/config.json").read_text(encoding="utf-8"))
    assert set(example["credentials"]) == set(config["credentials"])
    assert set(config) <= set(example) | {"credentials"}
    assert {name.partition(".")[0] for name in extractor["select"]} <= set(stream_files())


@pytest.mark.parametrize(("page", "code"), list(blocks("yaml")))
def test_yaml_of_a_page_can_be_read(page: str, code: str) -> None:
    assert yaml.safe_load(code), page


@pytest.mark.parametrize(("page", "code"), list(blocks("python")))
def test_python_of_a_page_runs(page: str, code: str) -> None:
    exec(compile(code, page, "exec"), {})  # noqa: S102 - our own pages


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
@pytest.mark.parametrize(("page", "code"), list(blocks("terraform")))
def test_terraform_of_a_page_is_well_formed(page: str, code: str) -> None:
    command = [str(shutil.which("terraform")), "fmt", "-check", "-diff", "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stdout), page


def test_pages_show_commands_of_every_kind() -> None:
    """Otherwise the patterns above no longer match."""
    assert {"make", "pip", "source-auth0", "docker", "python", "auth0", "curl"} <= {c.split(" ")[0] for c in commands()}
    assert any(IN_CONTAINER.match(command) for command in commands())


def makefile_targets() -> set[str]:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return set(phony.split())
