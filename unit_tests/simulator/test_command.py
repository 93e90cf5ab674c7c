"""The command line: one line of JSON when ready, and a clean exit."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def start(*options):
    command = [sys.executable, "-m", "auth0_simulator", "--port", "0", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(call, number):
    with start("--users", "40", "--organizations", "3", "--plan", "enterprise") as process:
        ready = json.loads(process.stdout.readline())
        credentials = ready["config"]["credentials"]
        assert "oauth2_confidential_application" == credentials["auth_type"]
        form = {"grant_type": "client_credentials", **credentials}
        headers = {"content-type": "application/json"}
        token = call("POST", f"{ready['base_url']}/oauth/token", form, headers).json["access_token"]
        url = f"{ready['base_url']}/api/v2/users?include_totals=true"
        answer = call("GET", url, headers={"authorization": f"Bearer {token}"})
        assert (40, "50") == (answer.json["total"], answer.headers["x-ratelimit-limit"])
        assert 1 < len(call("GET", f"{ready['control_url']}/journal").json["requests"])
        process.send_signal(number)
        rest, errors = process.communicate(timeout=10)
    assert (0, "", "") == (process.returncode, rest, errors)


def test_an_unknown_plan_is_refused_with_those_there_are():
    with start("--plan", "gold") as process:
        _, errors = process.communicate(timeout=10)
    assert 2 == process.returncode
    assert "self_service" in errors


def test_it_serves_https_with_an_audience_of_ones_own():
    with start("--users", "3", "--tls", "--audience", "https://api.example.com/") as process:
        ready = json.loads(process.stdout.readline())
        assert ready["base_url"].startswith("https://")
        assert "https://api.example.com/" == ready["config"]["credentials"]["audience"]
        assert Path(ready["certificate"]).is_file()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert not Path(ready["certificate"]).exists()
