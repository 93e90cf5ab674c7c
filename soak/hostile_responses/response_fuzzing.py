"""Bodies and headers that no tenant sends, made of those that one did and of anything at all."""

import json
import random
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from soak.hostile_responses.intercepting_proxy import UpstreamResponse

#: Written into a body as they stand, where a mark holds their place: JSON of Python's cannot have all of them.
RAW_JSON = [
    "1e400",
    "-1e400",
    "9" * 5000,
    "NaN",
    "Infinity",
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '"\\ud83d\\ude00"',
]
RAW_JSON += [
    "[" * 300 + "]" * 300,
    "[" * 1020 + "]" * 1020,
    "[" * 100_000 + "]" * 100_000,
    '{"a":' * 400 + "1" + "}" * 400,
]
RAW_JSON += [
    '{"a": 1, "a": {"b": 2}, "a": null}',
    "1.5e-400",
    "-0",
    "0123",
    "tru",
    '"\t"',
    '"\\x"',
    "18446744073709551616",
]
ODD_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 2**53 + 1, -(2**70), 1e308, 1.5, "", " ", "\0", "../../clients", "%00", "x" * 70_000),
    *(
        "2026-02-30T00:00:00Z",
        "0000-00-00",
        "+292278994-08-17T07:12:55.807Z",
        "tomorrow",
        "1e9",
        "\u202e\u2028\x1b[31m",
    ),
    *('\n{"type":"STATE","state":{}}\n', "\N{PILE OF POO}", [], {}, [None], [[]], {"": None}, [1, "a", {}], "null"),
    *({"id": ["x"], "next": {}, "total": "many"}, {"__proto__": {"x": 1}}, ["a"] * 2000),
]
NAMES = ["", "_ab_cdc_deleted_at", "id", "next", "a.b", "\0", "x" * 3000, "additional_attributes", "__proto__"]
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
HEADERS: dict[str, list[str]] = {
    "x-ratelimit-limit": [
        "-1",
        "0",
        "NaN",
        "1e300",
        "9" * 400,
        "9" * 4000,
        "10, 10",
        "",
        "\xb2",
        "\u0661\u0660",
        "1000000000",
    ],
    "x-ratelimit-remaining": ["-5", "0", "inf", "99999999999", "0.5", "", "zero"],
    "x-ratelimit-reset": ["-1", "0", "NaN", "inf", "1e300", "253402300799", "9" * 400, "soon", "", "0x10"],
    "retry-after": ["-1", "NaN", "inf", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT", "9" * 400, ""],
    "date": [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "now",
        "",
        "Mon, 9999999999 Nov 20261 1:1:1",
    ],
    "content-type": ["text/html", "", "application/json; charset=utf-16", "x" * 5000, "\xff\xfe", "text/event-stream"],
    "content-encoding": ["gzip", "br", "deflate", "gzip, gzip", "identity", "x" * 100, "zstd", ",".join(["gzip"] * 50)],
    "content-length": ["0", "-1", "1", "999999", "1, 2", "abc", "1e3", "9" * 30, "", "+5", "0x10"],
    "transfer-encoding": ["chunked", "chunked, gzip", "identity", "CHUNKED", "xchunked", "chunked\x0b"],
    "link": ['<https://evil.example/>; rel="next"', "<", "x" * 60_000],
    "location": ["https://evil.example/", "/api/v2/users", "//evil.example", "\x00"],
    "set-cookie": ["a=b", "x" * 4000],
    "x-injected": ["a\r\nx-ratelimit-remaining: 0", "a\r\n\r\n[]", "\xe9\xff\x80", "x" * 60_000, "x" * 70_000, "a\n b"],
}
STATUSES = [
    200,
    201,
    204,
    206,
    301,
    302,
    304,
    307,
    400,
    401,
    402,
    403,
    404,
    405,
    409,
    410,
    418,
    429,
    451,
    499,
    500,
    501,
]
STATUSES += [502, 503, 504, 520, 599, 600, 999, 100, 199, 0, 1000]


@dataclass
class ResponseFuzzer:
    """What becomes of honest answers, the same for the same seed; `anything` and `noise` stand in for whole bodies."""

    seed: int
    anything: Any
    noise: bytes

    def of(self, honest: UpstreamResponse) -> bytes:
        """A hostile answer in the place of an honest one."""
        chance = random.Random(f"{self.seed} {honest.target}")
        kind = chance.choice(["leaf", "leaf", "leaf", "any", "noise", "cut", "headers", "headers", "status"])
        if kind == "leaf":
            return honest.raw(_with_a_leaf(chance, honest.body))
        if kind in {"any", "noise"}:
            return honest.raw(_json(self.anything) if kind == "any" else self.noise)
        if kind == "cut":
            place = chance.randint(0, len(honest.body))
            return honest.raw(honest.body[:place] + chance.choice([b"", b"\xff", b"\0", b"}{"]) + honest.body[place:])
        if kind == "headers":
            return honest.raw(headers=_headers(chance))
        said = chance.choice([*ODD_VALUES, self.anything])
        envelope = {"statusCode": said, "error": said, "message": said, "errorCode": said}
        more = _headers(chance) if chance.random() < 1 / 2 else {}
        return honest.raw(_json(envelope), status=chance.choice(STATUSES), headers=more)


RESPONSE_FUZZERS = st.builds(ResponseFuzzer, st.integers(0, 2**32), ANY, st.binary(max_size=200))


def _headers(chance: random.Random) -> dict[str, str]:
    names = chance.sample(sorted(HEADERS), chance.randint(1, 3))
    many = {f"x-{number}": "y" for number in range(chance.choice([0, 0, 0, 90, 500]))}
    return {**{name: chance.choice(HEADERS[name]) for name in names}, **many}


def _with_a_leaf(chance: random.Random, body: bytes) -> bytes:
    """A body with one to three values that are none, a name that is another, or something missing."""
    try:
        value = [json.loads(body)]
    except ValueError:
        return body
    raw: list[str] = []
    for _ in range(chance.randint(1, 3)):
        holder = chance.choice(_holders(value))
        keys: list[Any] = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = chance.choice(keys)
        match chance.choice(["raw", "leaf", "leaf", "drop", "rename", "double"]):
            case "raw":
                raw.append(chance.choice(RAW_JSON))
                holder[key] = f"@@{len(raw) - 1}@@"
            case "drop" if holder is not value:
                del holder[key]
            case "rename" if isinstance(holder, dict):
                holder[chance.choice(NAMES)] = holder[key]
            case "double" if isinstance(holder, list) and holder is not value:
                holder.insert(key, holder[key])
            case _:
                holder[key] = chance.choice(ODD_VALUES)
    text = _json(value[0])
    for number, written in enumerate(raw):
        text = text.replace(f'"@@{number}@@"'.encode(), written.encode())
    return text


def _holders(value: Any) -> list[Any]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [*([value] if inner else []), *(found for one in inner[:30] for found in _holders(one))]


def _json(value: Any) -> bytes:
    return json.dumps(value, default=str).encode()
