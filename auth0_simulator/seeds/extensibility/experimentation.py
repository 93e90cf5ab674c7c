"""Experiments, feature flags and segments."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

FLAGS = 52
SEGMENTS = 57
EXPERIMENTS = 54


@seeded("feature_flags")
def feature_flags(context: SeedContext) -> list[Row]:
    """Feature flags with a parameter of each type."""
    return [
        {
            "id": context.base58_id("flg_", index),
            "name": f"flag-{index}",
            "description": f"Feature {index}",
            "type": ("self", "auth0")[index % 2],
            "status": ("active", "draft", "archived")[index % 3],
            "parameters": {
                "label": {"type": "string", "value": "Sign in", "description": "Text of the button"},
                "rows": {"type": "number", "value": index, "description": "How many"},
                "shown": {"type": "boolean", "value": True},
                "order": {"type": "array", "value": ["a", "b"]},
                "style": {"type": "object", "value": {"color": "red"}},
            },
            "created_at": context.moment(90 - index),
            "updated_at": context.moment(60 - index),
        }
        for index in range(FLAGS)
    ]


@seeded("feature_flag_variations", "feature_flags")
def feature_flag_variations(context: SeedContext, flag: Row) -> list[Row]:
    """Two or three variations of most flags; none of every fifth."""
    index = int(flag["name"].rpartition("-")[2])
    return [
        {
            "id": context.base58_id("var_", flag["id"], number),
            "feature_flag_id": flag["id"],
            "name": f"variation-{number}",
            "description": f"Variation {number} of {flag['name']}",
            "overrides": {"rows": {"value": number}},
            "created_at": context.moment(50 - number),
            "updated_at": context.moment(40 - number),
        }
        for number in range(2 + index % 2 if index % 5 else 0)
    ]


@seeded("segments")
def segments(context: SeedContext) -> list[Row]:
    """Segments target rules match whole values and suffixes."""
    client_ids = [client["client_id"] for client in context.tenant.rows("clients")]
    return [
        {
            "id": context.base58_id("seg_", index),
            "name": f"segment-{index}",
            "description": f"Segment {index}",
            "type": ("self", "auth0")[index % 2],
            "status": ("active", "archived")[index % 2],
            "rules": [
                {"match": {"client_id": [client_ids[index % len(client_ids)]], "country": ["DE", "FR"]}},
                {"match": {"domain": {"ends_with": [".example.com"]}}, "not_match": {"browser": {"exists": False}}},
            ],
            "created_at": context.moment(95 - index),
            "updated_at": context.moment(65 - index),
        }
        for index in range(SEGMENTS)
    ]


@seeded("experiments")
def experiments(context: SeedContext) -> list[Row]:
    """One experiment for each flag; a draft if the flag has no variations."""
    return [_experiment(context, index) for index in range(EXPERIMENTS)]


def _experiment(context: SeedContext, index: int) -> Row:
    flags = context.tenant.rows("feature_flags")
    flag = flags[index % len(flags)]
    variations = context.tenant.rows("feature_flag_variations", flag["id"])
    by_segment = index % 2 == 1
    row: Row = {
        "id": context.base58_id("exp_", index),
        "name": f"experiment-{index}",
        "description": f"Experiment {index}",
        "feature_flag_id": flag["id"],
        "feature_flag_name": flag["name"],
        "authentication_flow": "login",
        "allocation_strategy": "segment" if by_segment else "percentage",
        "status": ("active", "paused", "completed")[index % 3] if variations else "draft",
        "is_valid": bool(variations),
        "default_config": ("flag", "tenant")[index % 2],
        "allocations": [
            _allocation(context, variation, number, by_segment=by_segment)
            for number, variation in enumerate(variations)
        ],
        "editable_fields": ["name", "description"],
        "levels": [10, 50, 100],
        "current_level": index % 3,
        "assignment_config": {"subject": "device"},
        "created_at": context.moment(92 - index),
        "updated_at": context.moment(62 - index),
    }
    if variations:
        row |= {"feature_flag_snapshot": flag, "started_at": context.moment(61 - index)}
    return row


def _allocation(context: SeedContext, variation: Row, number: int, *, by_segment: bool) -> Row:
    segments = context.tenant.rows("segments")
    segment = segments[number % len(segments)]
    target: Row = (
        {"segment_id": segment["id"], "segment_name": segment["name"], "segment_snapshot": segment, "priority": number}
        if by_segment
        else {"weight": 50}
    )
    return {
        "variation_id": variation["id"],
        "variation_name": variation["name"],
        "variation_snapshot": variation,
        "is_control": number == 0,
        "is_fallback": number == 1,
        **target,
    }
