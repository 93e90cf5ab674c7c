"""The mistakes of docs/troubleshooting.md, made at the command: each is answered with what the page says, and where."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from auth0_simulator import Simulator
from testing.command import CommandResult
from testing.command_in_process import run_in_process
from testing.keys import public_pem_of, rsa_key
from testing.network import proxy
from testing.tenants import config_of, users_of_overlap

PAGE = (Path(__file__).parents[2] / "docs/troubleshooting.md").read_text(encoding="utf-8")
CELLS = [
    [cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if re.match(r"\| \d", line)
]
#: Number of a mistake to what the page says is read; empty where nothing goes wrong.
READ = {int(cells[0]): cells[2] for cells in CELLS}
DOMAIN, SETTINGS = "https://your-tenant.us.auth0.com", "Applications › your application › Settings"
AUDIENCE, SECRET, ID = "credentials.audience", "credentials.client_secret", "credentials.client_id"
STREAM = {"name": "users", "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}


@dataclass(frozen=True)
class Keyboard:
    """What a person has: a tenant, a folder, and the command."""

    sim: Simulator
    folder: Path
    environment: pytest.MonkeyPatch

    def config(self, **changes: Any) -> dict[str, Any]:
        """A valid config with changes; those of `credentials` are of its fields."""
        valid = config_of(self.sim)
        credentials = {**valid["credentials"], **changes.pop("credentials", {})}
        return {**valid, "credentials": {k: v for k, v in credentials.items() if v is not ...}, **changes}

    def write(self, name: str, content: Any) -> str:
        """Write a file, bytes and texts as they are, and return its path."""
        path = self.folder / name
        text = content if isinstance(content, (str, bytes)) else json.dumps(content)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    def check(self, **changes: Any) -> str:
        """What a check of a changed config says."""
        return shown(run_in_process("check", "--config", self.write("config.json", self.config(**changes))))

    def read(self, *, config: Any = None, catalog: Any = None, state: Any = None) -> str:
        """What a sync says with these files."""
        files = {
            "config": self.config() if config is None else config,
            "catalog": {"streams": [configured()]} if catalog is None else catalog,
            **({} if state is None else {"state": state}),
        }
        words = [word for name, content in files.items() for word in (f"--{name}", self.write(name, content))]
        return shown(run_in_process("read", *words))


def configured(**changes: Any) -> dict[str, Any]:
    return {"stream": STREAM, "sync_mode": "incremental", "destination_sync_mode": "append", **changes}


def shown(result: CommandResult) -> str:
    """What a person reads: the outcome, the errors, and the warnings in the log."""
    assert "Traceback" not in result.stderr
    status = [message["connectionStatus"] for message in result.messages if message["type"] == "CONNECTION_STATUS"]
    outcome = [f"{each['status']}: {each.get('message') or ''}" for each in status]
    errors = [error["message"] for error in result.errors]
    warnings = [f"Warning: {log['message']}" for log in result.of_type("LOG") if log["level"] == "WARNING"]
    return "\n".join(dict.fromkeys([*outcome, *errors, *warnings]))


class Website(BaseHTTPRequestHandler):
    """A site that is no tenant."""

    def do_POST(self) -> None:
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def other_site(keyboard: Keyboard) -> str:
    with ThreadingHTTPServer(("127.0.0.1", 0), Website) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            return keyboard.check(base_url=f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()


def without(keyboard: Keyboard, **application: Any) -> str:
    for name, value in application.items():
        setattr(keyboard.sim.tenant.application, name, value)
    return keyboard.check()


def token(keyboard: Keyboard, text: str) -> str:
    return keyboard.check(credentials={"auth_type": "oauth2_access_token", "access_token": text})


def without_scopes(keyboard: Keyboard) -> str:
    with Simulator(users=1, scopes={"create:users"}) as sim:
        return Keyboard(sim, keyboard.folder, keyboard.environment).check()


def own_api(keyboard: Keyboard) -> str:
    return keyboard.check(credentials={"audience": "https://api.example.com"})


def other_tenant(keyboard: Keyboard) -> str:
    changes = {"audience": "https://other.us.auth0.com/api/v2/"}
    return through_proxy(keyboard, base_url="https://acme.us.auth0.com", credentials=changes)


def through_proxy(keyboard: Keyboard, **changes: Any) -> str:
    with proxy(refuses=True) as (address, _):
        keyboard.environment.setenv("HTTPS_PROXY", address)
        keyboard.environment.setenv("NO_PROXY", "")
        return keyboard.check(**changes)


def missing_file(keyboard: Keyboard) -> str:
    return shown(run_in_process("check", "--config", str(keyboard.folder / "confg.json")))


def config_text(keyboard: Keyboard, content: str | bytes) -> str:
    return shown(run_in_process("check", "--config", keyboard.write("config.json", content)))


def full_disk(_: Keyboard) -> str:
    with Path("/dev/full").open("w") as disk:
        done = subprocess.run(
            [sys.executable, "-m", "source_auth0", "spec"], stdout=disk, stderr=-1, text=True, check=False
        )
    assert 74 == done.returncode
    return done.stderr


def old_python(_: Keyboard) -> str:
    pretend = "import sys; sys.version_info = (3, 9, 18); import source_auth0"
    return subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False).stderr


PRIVATE_KEY = {"auth_type": "oauth2_private_key_jwt", "private_key": public_pem_of(rsa_key())}
ACME = {"audience": "https://acme.us.auth0.com/api/v2/"}
DISCOVERED = {"type": "CATALOG", "catalog": {"streams": [STREAM]}}
INVOICES = configured(stream={**STREAM, "name": "invoices"})
USERZ = configured(stream={**STREAM, "name": "userz"})
STATE_OF_LOGS = {"users": {"log_id": "900", "date": "2024-01-01T00:00:00.000Z"}}
SECRET_OF_ID = {"client_id": "x" * 64, "client_secret": "y" * 32}
SURROUNDED = "\u00a0{}\u200b\n"

#: Number of a mistake to how it is made, and what else its message has: the field or the stream, what to enter, where.
CASES: dict[int, tuple[Callable[[Keyboard], str], tuple[str, ...]]] = {
    1: (lambda k: k.check(base_url="https://acme.invalid"), ("acme.invalid", "(`base_url`)", "typing error", SETTINGS)),
    2: (lambda k: k.check(base_url="http://acme.us.auth0.com"), ("(`base_url`)", "Enter `https://acme.us.auth0.com`")),
    3: (lambda k: k.check(base_url="acme"), ("(`base_url`)", "`https://acme.us.auth0.com`", SETTINGS)),
    4: (
        lambda k: k.check(base_url="https://manage.auth0.com/dashboard/eu/acme/applications"),
        ("(`base_url`)", "`https://acme.eu.auth0.com`", SETTINGS),
    ),
    5: (lambda k: k.check(base_url="https://acme.us.auth0.com/login"), ("(`base_url`)", "`/login`", "domain alone")),
    6: (lambda k: k.check(base_url='"acme.us.auth0.com"'), ("(`base_url`)", f"`{DOMAIN}`")),
    7: (lambda k: k.check(base_url=None), ("(`base_url`)", f"`{DOMAIN}`")),
    8: (other_site, ("Check the Base URL", SETTINGS)),
    9: (lambda k: k.check(credentials={"client_secret": "x" * 64}), ("Copy both again", SETTINGS, "Auth0's own words")),
    10: (
        lambda k: k.check(
            credentials={
                "client_id": SURROUNDED.format(k.sim.client_id),
                "client_secret": SURROUNDED.format(k.sim.client_secret),
            }
        ),
        ("SUCCEEDED",),
    ),
    11: (lambda k: k.check(credentials={"client_secret": f'"{k.sim.client_secret}"'}), (SECRET, "without them")),
    12: (lambda k: k.check(credentials=SECRET_OF_ID), (ID, SECRET, "in the other's field")),
    13: (own_api, (AUDIENCE, "/api/v2/", "Applications › APIs › Auth0 Management API")),
    14: (other_tenant, (AUDIENCE, "`https://acme.us.auth0.com/api/v2/`")),
    15: (
        lambda k: k.check(credentials={"auth_type": "oauth2_confidential_aplication"}),
        ("(`credentials.auth_type`)", "`oauth2_access_token`", "Did you mean `oauth2_confidential_application`?"),
    ),
    16: (lambda k: k.check(credentials={"auth_type": ...}), ("(`credentials.auth_type`)", "`oauth2_access_token`")),
    17: (lambda k: k.check(credentials={"client_secret": " "}), (SECRET, SETTINGS)),
    18: (lambda k: token(k, f"Bearer {k.sim.mint_token()}\n"), ("SUCCEEDED",)),
    19: (
        lambda k: token(k, k.sim.mint_token(lifetime=-60)),
        ("credentials.access_token", "Create a new one", "API Explorer"),
    ),
    20: (lambda k: token(k, "eyJhbGciOi…"), ("credentials.access_token", "Copy it whole, in one line")),
    21: (lambda k: k.check(credentials=PRIVATE_KEY), ("(`credentials.private_key`)", "enter here the private key")),
    22: (lambda k: without(k, has_client_grant=False), ("Authorize it under Applications › APIs", "Auth0's own words")),
    23: (lambda k: without(k, grant_types=["implicit"]), (SETTINGS, "Advanced Settings › Grant Types")),
    24: (without_scopes, ("`read:users`", "under Applications › APIs", "docs/streams.md")),
    25: (lambda k: k.check(start_date="2024-01-31"), ("(`start_date`)", "`2024-01-31T00:00:00Z`", "or leave it out")),
    26: (lambda k: k.check(start_date="01/31/2024"), ("(`start_date`)", "`2024-01-31T00:00:00Z`", "or leave it out")),
    27: (lambda k: k.check(start_date="2024-01-31T00:00:00+01:00"), ("(`start_date`)", "`2024-01-30T23:00:00Z`")),
    28: (lambda k: k.check(start_date="2999-01-31T00:00:00Z"), ("(`start_date`)", "Enter a date before today")),
    29: (lambda k: k.check(num_workers="8"), ("(`num_workers`)", '`"8"`', "as in this example: `8`")),
    30: (lambda k: k.check(num_workers=1), ("(`num_workers`)", "at least 2")),
    31: (lambda k: k.check(secrets="hsah"), ("(`secrets`)", "`withhold` or `hash`", "Did you mean `hash`?")),
    32: (lambda k: k.check(start_dat="2024"), ("SUCCEEDED", "`start_dat`", "Did you mean `start_date`?")),
    33: (
        lambda k: k.check(users_excluded_fields=["e_mail"]),
        ("(`users_excluded_fields`)", "`e_mail`", "Enter `email`"),
    ),
    34: (
        lambda k: k.check(users_connections=["Databse"]),
        ("(`users_connections`)", "`Databse`", "under Authentication"),
    ),
    35: (missing_file, ("confg.json", "behind `--config`", "relative to the folder")),
    36: (lambda k: config_text(k, '{\n "base_url": "a"\n "x": 1}'), ("(`--config`)", "line 3, column 2", "a comma")),
    37: (lambda k: config_text(k, "{}".encode("utf-16")), ("(`--config`)", "Save it as UTF-8")),
    38: (lambda k: config_text(k, ""), ("(`--config`)", "docs/example/config.json")),
    39: (lambda k: k.read(catalog=DISCOVERED), ("(`--catalog`)", "`source-auth0 catalog --streams users,logs > ")),
    40: (lambda k: k.read(catalog={"streams": [configured(), USERZ]}), ("`userz`", "`users`", "docs/streams.md")),
    41: (lambda k: k.read(catalog={"streams": [INVOICES]}), ("`invoices`", "`source-auth0 catalog --streams users")),
    42: (
        lambda k: k.read(state=STATE_OF_LOGS),
        ("`users`", '{"log_id": "900"', "Connection › Status › Clear", "`--state`"),
    ),
    43: (
        lambda k: through_proxy(k, base_url="https://acme.us.auth0.com", credentials=ACME),
        ("acme.us.auth0.com", "environment variables HTTPS_PROXY and NO_PROXY"),
    ),
    44: (full_disk, ("No space left on device", "Make room", "resumes from the last state")),
    45: (old_python, ("Python 3.9", "python3.12 -m source_auth0")),
}


@pytest.fixture
def keyboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyboard]:
    with Simulator(users=3, organizations=1) as sim:
        yield Keyboard(sim, tmp_path, monkeypatch)


def pattern(excerpt: str) -> re.Pattern[str]:
    """A pattern for what the page quotes: its words in this order."""
    quoted = re.fullmatch(r"`([^`]+)`", excerpt)
    words = (quoted[1] if quoted else "").split("…")
    return re.compile(".*".join(re.escape(part.strip(" (`)")) for part in words), re.DOTALL)


def test_the_page_has_every_mistake_once() -> None:
    assert list(range(1, 46)) == [int(cells[0]) for cells in CELLS] == list(CASES)


@pytest.mark.parametrize("number", CASES)
def test_a_mistake_is_answered_with_what_the_page_says_and_what_to_do(keyboard: Keyboard, number: int) -> None:
    make, expected = CASES[number]
    message = make(keyboard)
    if not READ[number].startswith("nothing"):
        assert pattern(READ[number]).search(message), message
    assert [] == [text for text in expected if text not in message], message
    assert "Traceback" not in message
    assert "`None`" not in message
    assert "['" not in message
    assert keyboard.sim.client_secret not in message


@pytest.mark.parametrize("number", [32, 34])
def test_a_warning_lets_the_check_pass(keyboard: Keyboard, number: int) -> None:
    assert CASES[number][0](keyboard).startswith("SUCCEEDED")


def test_a_mistyped_field_of_a_catalog_is_named_with_its_stream(keyboard: Keyboard) -> None:
    message = keyboard.read(catalog={"streams": [configured(sync_mode="incremetal")]})
    assert "in its stream `users`: `sync_mode` is `incremetal`" in message
    assert "Did you mean `incremental`?" in message


def test_files_may_be_pipes(keyboard: Keyboard) -> None:
    """As `--config <(…)` and `--config /dev/stdin` have it, of which nothing can be read twice."""
    command = [sys.executable, "-m", "source_auth0", "check", "--config", "/dev/stdin"]
    text = json.dumps(keyboard.config())
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert '"SUCCEEDED"' in done.stdout


def test_the_output_of_a_sync_is_the_state_of_the_next(keyboard: Keyboard) -> None:
    files = {"config": keyboard.config(), "catalog": {"streams": [configured()]}}
    words = [word for name, content in files.items() for word in (f"--{name}", keyboard.write(name, content))]
    first = run_in_process("read", *words)
    assert 3 == len(first.records["users"])
    keyboard.sim.clock.advance(7200)
    second = run_in_process("read", *words, "--state", keyboard.write("sync.jsonl", first.stdout))
    again = users_of_overlap(keyboard.sim)
    assert (0, again) == (second.code, {user["user_id"] for user in second.records["users"]})
    assert len(again) < 3
