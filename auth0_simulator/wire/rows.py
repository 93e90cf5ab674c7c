"""A row of the API: a JSON object, and its encoding."""

from __future__ import annotations

import json
from typing import Any

Row = dict[str, Any]
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def encode_row(row: Row) -> bytes:
    """A row as JSON in UTF-8."""
    return _ENCODER.encode(row).encode()
