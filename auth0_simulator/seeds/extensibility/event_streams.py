"""Event streams and their failed deliveries."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

TYPES = ("user.created", "user.updated", "user.deleted")


@seeded("event_streams")
def event_streams(context: SeedContext) -> list[Row]:
    """An event stream for each type of destination and of authorization."""
    return [
        {
            "id": context.id("est_", index, length=22),
            "name": f"Events {index}",
            "subscriptions": [{"event_type": kind} for kind in TYPES],
            "destination": destination,
            "status": "enabled" if index % 2 == 0 else "disabled",
            "created_at": context.moment(80 - index),
            "updated_at": context.moment(8 - index),
        }
        for index, destination in enumerate(_destinations(context))
    ]


def _destinations(context: SeedContext) -> list[Row]:
    authorizations = (
        {"method": "bearer", "token": context.secret("bearer")},
        {"method": "basic", "username": "auth0", "password": context.secret("basic")},
        {"method": "custom_header", "header_key": "x-hook", "header_value": context.secret("header")},
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
    action = {"action_id": context.tenant.rows("actions")[0]["id"]}
    return [
        *webhooks,
        {"type": "eventbridge", "configuration": eventbridge},
        {"type": "action", "configuration": action},
    ]


@seeded("event_stream_deliveries", "event_streams")
def event_stream_deliveries(context: SeedContext, stream: Row) -> list[Row]:
    """Failed deliveries; none of a disabled stream."""
    count = 7 if stream["status"] == "enabled" else 0
    return [_delivery(context, stream["id"], index) for index in range(count)]


def _delivery(context: SeedContext, stream_id: str, index: int) -> Row:
    kind = TYPES[index % len(TYPES)]
    delivery_id = context.id("evt_", stream_id, index, length=22)
    return {
        "id": delivery_id,
        "event_stream_id": stream_id,
        "status": "failed",
        "event_type": kind,
        "attempts": [
            {"status": "failed", "timestamp": context.moment(index), "error_message": "503 - down", "duration": 12.5}
        ],
        "event": {
            "id": delivery_id,
            "source": "urn:auth0:" + context.tenant.name,
            "specversion": "1.0",
            "type": kind,
            "time": context.moment(index + 0.1),
            "data": {"object": {"user_id": f"auth0|{index:024d}", "email": f"user{index}@example.com"}},
            "a0tenant": context.tenant.domain,
            "a0stream": stream_id,
        },
    }
