import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from requests_mock import ANY, Mocker

from source_auth0.commands.probe import client as client_module
from source_auth0.commands.probe import command
from source_auth0.commands.probe.client import MAX_REQUESTS, Answer, ProbeClient, RequestsSpentError
from source_auth0.commands.probe.command import NOT_ASKED, QUESTIONS, print_probe
from source_auth0.commands.probe.findings import Finding, Question, established
from source_auth0.errors import transient_error
from source_auth0.redaction.log_masking import register_secrets
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, BASE, SECRET
from testing.probe_client import FakeProbeClient

CANARY = "Canary-ada@example.com"
#: Every word of Auth0's that a report could repeat.
ENVELOPE = {"errorCode": CANARY, "message": f"Insufficient scope, expected any of: {CANARY}", "error": CANARY}
DATE = "2026-01-02T03:04:05.678Z"
LOG_ID = "90020260102120000000" + "7" * 36


def canaries(depth: int = 3) -> dict[str, Any]:
    """A row of any list, with something of the tenant in every text."""
    ids = dict.fromkeys(("user_id", "id", "owner_id", "name", "type", "email", CANARY), CANARY)
    request = {"path": "/api/v2/rules-configs/" + CANARY, "body": {"value": CANARY, "users": [CANARY]}}
    nested = {"roles": [canaries(depth - 1)]} if depth else {}
    return {
        **ids,
        **nested,
        "log_id": LOG_ID,
        "created_at": DATE,
        "updated_at": DATE,
        "date": DATE,
        "details": {"request": request, "response": {"body": {CANARY: CANARY}}},
    }


@pytest.fixture
def config(tmp_path: Path) -> str:
    credentials = {
        "auth_type": "oauth2_confidential_application",
        "audience": f"{API}/",
        "client_id": "x" * 32,
        "client_secret": SECRET,
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"base_url": BASE, "credentials": credentials}))
    return str(path)


@pytest.fixture
def probe(
    requests_mock: Mocker,
    config: str,
    clock: FakeClock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[str, str]]:
    """Probe a tenant whose every list answers so; returns what is printed, for an issue and for the person."""
    monkeypatch.setattr(client_module, "time", clock)

    def probe(**answer: Any) -> tuple[str, str]:
        requests_mock.get(ANY, **answer)
        requests_mock.post(f"{BASE}/oauth/token", json={"access_token": "a.b.c", "expires_in": 60})
        print_probe(["--config", config])
        printed = capsys.readouterr()
        return printed.out, printed.err

    return probe


@pytest.mark.parametrize(
    "answer",
    [
        {"json": {CANARY: [canaries(), canaries()], "total": 2000, "limit": 100, "start": 0, "next": CANARY}},
        {"json": [canaries(), canaries()]},
        {"json": canaries()},
        {"json": CANARY},
        {"text": CANARY},
        {"status_code": 400, "json": ENVELOPE},
        {"status_code": 403, "json": ENVELOPE},
        {"status_code": 404, "json": ENVELOPE},
        {"status_code": 404, "text": CANARY},
        {"status_code": 503, "json": ENVELOPE, "reason": CANARY},
    ],
)
def test_nothing_that_a_tenant_says_is_in_the_report(probe, answer: dict[str, Any]):
    report, _ = probe(headers={"x-request-id": CANARY}, **answer)
    for secret in (
        CANARY,
        "Canary",
        "ada@",
        "example.com",
        BASE.partition("//")[2],
        "acme",
        SECRET,
        "x" * 32,
        LOG_ID,
        "a.b.c",
    ):
        assert secret not in report
    assert len(QUESTIONS) + len(NOT_ASKED) == report.count("\n| `")


def test_auth0s_own_words_are_for_the_person_alone(probe):
    report, aside = probe(status_code=404, json={"errorCode": "gone", "message": "No such thing as org_1."})
    assert "Auth0's own words: No such thing as org_1." in aside
    assert "org_1" not in report
    assert "status 404 gone" in report
    assert "paste it into an issue" in aside


def test_log_lines_stay_out_of_the_report_and_have_no_secrets(capsys: pytest.CaptureFixture[str]):
    register_secrets([SECRET])
    before = logging.getLogger().handlers
    with command.log_on_stderr():
        logging.getLogger("airbyte.source_auth0").warning("The %s is %s", "secret", SECRET)
        logging.getLogger("airbyte.source_auth0").info("Nothing to see")
    assert before is logging.getLogger().handlers
    printed = capsys.readouterr()
    assert "" == printed.out
    assert "WARNING: The secret is ****\n" == printed.err


def asked(client: ProbeClient, ask: Callable[[ProbeClient], Finding], *scopes: str) -> str:
    return command._ask(client, Question("name", "It is so.", ask, frozenset(scopes))).evidence


def raising(error: BaseException) -> Callable[[ProbeClient], Finding]:
    def ask(_: ProbeClient) -> Finding:
        raise error

    return ask


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RequestsSpentError(), f"not asked: {MAX_REQUESTS} requests are spent"),
        (transient_error(f"{CANARY} kept answering"), "Auth0 kept answering with faults"),
        (KeyError("user_id"), "a response of another form than Auth0 documents"),
        (AttributeError("get"), "a response of another form than Auth0 documents"),
    ],
)
def test_a_question_that_fails_costs_its_own_answer(error: Exception, expected: str):
    assert expected == asked(FakeProbeClient({}), raising(error))


def test_a_person_may_stop_it(probe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(command, "QUESTIONS", [Question("name", "It is so.", raising(KeyboardInterrupt()))])
    with pytest.raises(SystemExit) as ended:
        probe(json=[])
    assert 130 == ended.value.code
    assert "" == capsys.readouterr().out


def test_a_question_is_not_asked_without_its_scopes():
    def ask(_: ProbeClient) -> Finding:
        return established("asked")

    client = FakeProbeClient({}, frozenset({"read:users"}))
    assert "not asked: needs read:logs read:roles" == asked(client, ask, "read:users", "read:roles", "read:logs")
    assert "asked" == asked(client, ask, "read:users")
    assert "asked" == asked(FakeProbeClient({}, None), ask, "read:logs")


def test_names_are_told_apart_and_fit_a_table():
    names = [question.name for question in QUESTIONS] + [name for name, *_ in NOT_ASKED]
    assert sorted(set(names)) == sorted(names)
    assert not any("|" in question.statement or not question.statement.endswith(".") for question in QUESTIONS)


def test_all_questions_together_are_within_the_bound():
    """Whatever is answered, so that the last question is asked too."""
    worst = Answer(200, {"rows": [canaries(), {**canaries(), "user_id": "b"}], "total": 2000, "limit": 70, "start": 0})

    class Anything(dict[str, Answer]):
        def get(self, *_: object) -> Answer:  # type: ignore[override]
            return worst

    client = FakeProbeClient(Anything())
    for question in QUESTIONS:
        command._ask(client, question)
    assert client.counter.sent < MAX_REQUESTS


def test_a_config_that_is_wrong_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        print_probe(["--config", str(tmp_path / "none.json")])
    assert "none.json cannot be read" in str(ended.value.code)
    assert "" == capsys.readouterr().out
