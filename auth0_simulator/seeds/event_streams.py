"""Event streams and what they could not deliver."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

TYPES = ("user.created", "user.updated", "user.deleted")


@seeded("event_streams")
def event_streams(seeding: Seeding) -> list[Row]:
    """One of each kind of destination and of authorization."""
    return [
        {
            "id": seeding.id("est_", index, length=22),
            "name": f"Events {index}",
            "subscriptions": [{"event_type": kind} for kind in TYPES],
            "destination": destination,
            "status": "enabled" if index % 2 == 0 else "disabled",
            "created_at": seeding.moment(80 - index),
            "updated_at": seeding.moment(8 - index),
        }
        for index, destination in enumerate(_destinations(seeding))
    ]


def _destinations(seeding: Seeding) -> list[Row]:
    authorizations = (
        {"method": "bearer", "token": seeding.secret("bearer")},
        {"method": "basic", "username": "auth0", "password": seeding.secret("basic")},
        {"method": "custom_header", "header_key": "x-hook", "header_value": seeding.secret("header")},
    )
    webhooks: list[Row] = [
        {
            "type": "webhook",
            "configuration": {
                "webhook_endpoint": f"https://hooks.example.com/{authorization['method']}",
                "webhook_authorization": authorization,
            },
        }
        for authorization in authorizations
    ]
    eventbridge = {
        "aws_account_id": "000000000000",
        "aws_region": "eu-west-1",
        "aws_partner_event_source": "aws.partner/auth0.com/x",
    }
    action = {"action_id": seeding.tenant.rows("actions")[0]["id"]}
    return [
        *webhooks,
        {"type": "eventbridge", "configuration": eventbridge},
        {"type": "action", "configuration": action},
    ]


@seeded("event_stream_deliveries", "event_streams")
def event_stream_deliveries(seeding: Seeding, stream: Row) -> list[Row]:
    """What failed: nothing where the stream is disabled."""
    count = 7 if stream["status"] == "enabled" else 0
    return [_delivery(seeding, stream["id"], index) for index in range(count)]


def _delivery(seeding: Seeding, stream_id: str, index: int) -> Row:
    kind = TYPES[index % len(TYPES)]
    delivery_id = seeding.id("evt_", stream_id, index, length=22)
    return {
        "id": delivery_id,
        "event_stream_id": stream_id,
        "status": "failed",
        "event_type": kind,
        "attempts": [
            {"status": "failed", "timestamp": seeding.moment(index), "error_message": "503 - down", "duration": 12.5}
        ],
        "event": {
            "id": delivery_id,
            "source": "urn:auth0:" + seeding.tenant.name,
            "specversion": "1.0",
            "type": kind,
            "time": seeding.moment(index + 0.1),
            "data": {"object": {"user_id": f"auth0|{index:024d}", "email": f"user{index}@example.com"}},
            "a0tenant": seeding.tenant.domain,
            "a0stream": stream_id,
        },
    }
