"""Every command in the docs runs as written, against a simulated tenant; those of other programs are only parsed."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from auth0_simulator import Simulator
from source_auth0.manifest.files import stream_files
from testing.command import run
from testing.tenants import config_of

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Programs that cannot run here: they need an account, a cluster or a Docker engine (.ci/run runs the image).
OTHER_PROGRAMS = {"auth0", "curl", "docker", "kind", "token"}
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
    found = [match for text in texts for match in re.findall(r"`((?:make|python3? -m) [^`]+)`", text)]
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
    words = shlex.split(command)
    if words[0] == "make":
        assert words[1] in makefile_targets()
    else:
        assert find_spec(words[2]) is not None


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
