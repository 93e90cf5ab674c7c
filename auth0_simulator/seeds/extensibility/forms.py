"""Forms, flows, executions of flows, and vault connections."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

FORMS, FLOWS, CONNECTIONS = 7, 6, 5


@seeded("forms")
def forms(context: SeedContext) -> list[Row]:
    """Forms of one step, whose CAPTCHA and payment fields contain secret keys."""
    return [_form(context, index) for index in range(FORMS)]


def _form(context: SeedContext, index: int) -> Row:
    captcha = {
        "id": "captcha",
        "category": "WIDGET",
        "type": "RECAPTCHA",
        "config": {"site_key": f"site-{index}", "secret_key": context.secret(index, "captcha")},
    }
    payment = {
        "id": "payment",
        "category": "FIELD",
        "type": "PAYMENT",
        "config": {
            "provider": "STRIPE",
            "charge": {"type": "ONE_OFF", "one_off": {"amount": 5, "currency": "EUR"}},
            "credentials": {"public_key": f"pk_{index}", "private_key": context.secret(index, "payment")},
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
        "id": context.id("ap_", index, length=22),
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
        "created_at": context.moment(60 - index),
        "updated_at": context.moment(6),
        "embedded_at": context.moment(5)[:10],
        "submitted_at": context.moment(1)[:10],
    }


@seeded("flows")
def flows(context: SeedContext) -> list[Row]:
    """Flows that call a web service with a secret in a header."""
    return [
        {
            "id": context.id("af_", index, length=22),
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
                        "headers": {"Authorization": context.secret(index, "header")},
                    },
                }
            ],
            "triggers": {"webhook": {"secret": context.secret(index, "webhook"), "enabled": True}},
            "security": {"rateLimits": []},
            "created_at": context.moment(60 - index),
            "updated_at": context.moment(6),
            "executed_at": context.moment(1)[:10],
        }
        for index in range(FLOWS)
    ]


@seeded("flow_executions", "flows")
def flow_executions(context: SeedContext, flow: Row) -> list[Row]:
    """Executions of synchronous flows."""
    return [
        {
            "id": context.id("ex_", flow["id"], index, length=22),
            "trace_id": context.id("tr_", flow["id"], index),
            "journey_id": context.id("jo_", flow["id"], index),
            "status": "completed",
            "debug": {"send_request": {"status": 200, "access_token": context.secret(flow["id"], index)}},
            "created_at": context.moment(index),
            "updated_at": context.moment(index),
            "started_at": context.moment(index),
            "ended_at": context.moment(index),
        }
        for index in range(8 if flow["synchronous"] else 0)
    ]


@seeded("flow_vault_connections")
def flow_vault_connections(context: SeedContext) -> list[Row]:
    """Vault connections; Auth0 documents `setup` for requests only, but here responses show it too."""
    return [
        {
            "id": context.id("ac_", index, length=22),
            "app_id": "HTTP",
            "environment": "production",
            "name": f"Connection {index}",
            "account_name": "Bearer ***",
            "ready": True,
            "setup": {"type": "BEARER", "token": context.secret(index)},
            "created_at": context.moment(60 - index),
            "updated_at": context.moment(6),
            "refreshed_at": context.moment(2),
            "fingerprint": context.id("", index, "fingerprint", length=32),
        }
        for index in range(CONNECTIONS)
    ]
