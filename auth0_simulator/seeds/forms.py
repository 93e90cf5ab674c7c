"""Forms, flows, what flows did, and the accounts that they use."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

FORMS, FLOWS, CONNECTIONS = 7, 6, 5


@seeded("forms")
def forms(seeding: Seeding) -> list[Row]:
    """Forms of one step, whose CAPTCHA and payment fields hold keys."""
    return [_form(seeding, index) for index in range(FORMS)]


def _form(seeding: Seeding, index: int) -> Row:
    captcha = {
        "id": "captcha",
        "category": "WIDGET",
        "type": "RECAPTCHA",
        "config": {"site_key": f"site-{index}", "secret_key": seeding.secret(index, "captcha")},
    }
    payment = {
        "id": "payment",
        "category": "FIELD",
        "type": "PAYMENT",
        "config": {
            "provider": "STRIPE",
            "credentials": {"public_key": f"pk_{index}", "private_key": seeding.secret(index, "payment")},
        },
    }
    step = {
        "id": "step_1",
        "type": "STEP",
        "alias": "First step",
        "coordinates": {"x": 500, "y": 0},
        "config": {"components": [captcha, payment], "next_node": "$ending"},
    }
    return {
        "id": seeding.id("ap_", index, length=22),
        "name": f"Form {index}",
        "flow_count": index % 3,
        "languages": {"primary": "en"},
        "messages": {"errors": {"ERR_REQUIRED": "Please fill in"}, "custom": {}},
        "translations": {"de": {}},
        "nodes": [step],
        "start": {
            "hidden_fields": [{"key": "campaign", "value": f"c{index}"}],
            "next_node": "step_1",
            "coordinates": {"x": 0, "y": 0},
        },
        "ending": {"resume_flow": True, "coordinates": {"x": 1250, "y": 0}},
        "style": {"css": "h1 { color: red }"},
        "created_at": seeding.moment(60 - index),
        "updated_at": seeding.moment(6),
        "embedded_at": seeding.moment(5)[:10],
        "submitted_at": seeding.moment(1)[:10],
    }


@seeded("flows")
def flows(seeding: Seeding) -> list[Row]:
    """Flows that call a web service with a key in a header."""
    return [
        {
            "id": seeding.id("af_", index, length=22),
            "name": f"Flow {index}",
            "description": f"Calls service {index}",
            "synchronous": index % 2 == 0,
            "form_count": index % 3,
            "actions": [
                {
                    "id": "send_request",
                    "alias": "Send request",
                    "type": "HTTP",
                    "action": "SEND_REQUEST",
                    "allow_failure": False,
                    "mask_output": False,
                    "params": {
                        "method": "POST",
                        "url": f"https://service{index}.example.com",
                        "headers": {"Authorization": seeding.secret(index, "header")},
                    },
                }
            ],
            "triggers": {"webhook": {"secret": seeding.secret(index, "webhook"), "enabled": True}},
            "security": {"rateLimits": []},
            "created_at": seeding.moment(60 - index),
            "updated_at": seeding.moment(6),
            "executed_at": seeding.moment(1)[:10],
        }
        for index in range(FLOWS)
    ]


@seeded("flow_executions", "flows")
def flow_executions(seeding: Seeding, flow: Row) -> list[Row]:
    """Executions of the flows that forms wait for."""
    return [
        {
            "id": seeding.id("ex_", flow["id"], index, length=22),
            "trace_id": seeding.id("tr_", flow["id"], index),
            "journey_id": seeding.id("jo_", flow["id"], index),
            "status": "completed",
            "debug": {"send_request": {"status": 200, "access_token": seeding.secret(flow["id"], index)}},
            "created_at": seeding.moment(index),
            "updated_at": seeding.moment(index),
            "started_at": seeding.moment(index),
            "ended_at": seeding.moment(index),
        }
        for index in range(8 if flow["synchronous"] else 0)
    ]


@seeded("flow_vault_connections")
def flow_vault_connections(seeding: Seeding) -> list[Row]:
    """Accounts at services; Auth0 documents `setup` for writing only, and here it is shown too."""
    return [
        {
            "id": seeding.id("ac_", index, length=22),
            "app_id": "HTTP",
            "environment": "production",
            "name": f"Connection {index}",
            "account_name": "Bearer ***",
            "ready": True,
            "setup": {"type": "BEARER", "token": seeding.secret(index)},
            "created_at": seeding.moment(60 - index),
            "updated_at": seeding.moment(6),
            "refreshed_at": seeding.moment(2),
            "fingerprint": seeding.id("", index, "fingerprint", length=32),
        }
        for index in range(CONNECTIONS)
    ]
