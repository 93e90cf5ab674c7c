"""Fuzzed bodies, headers and statuses: mutations of the simulated tenant's responses, and random data."""

import json
import random
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from testing.servers.intercepting_proxy import UpstreamResponse

#: Inserted verbatim in place of a placeholder, since json.dumps cannot produce all of them.
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
    """Mutates responses, deterministically by seed; `anything` (as JSON) and `noise` replace whole bodies."""

    seed: int
    anything: Any
    noise: bytes

    def of(self, upstream: UpstreamResponse) -> bytes:
        """The fuzzed response for one of the tenant's."""
        rng = random.Random(f"{self.seed} {upstream.target}")
        kind = rng.choice(["leaf", "leaf", "leaf", "any", "noise", "cut", "headers", "headers", "status"])
        if kind == "leaf":
            return upstream.raw(_with_mutations(rng, upstream.body))
        if kind in {"any", "noise"}:
            return upstream.raw(_json(self.anything) if kind == "any" else self.noise)
        if kind == "cut":
            position = rng.randint(0, len(upstream.body))
            return upstream.raw(
                upstream.body[:position] + rng.choice([b"", b"\xff", b"\0", b"}{"]) + upstream.body[position:]
            )
        if kind == "headers":
            return upstream.raw(headers=_headers(rng))
        value = rng.choice([*ODD_VALUES, self.anything])
        envelope = {"statusCode": value, "error": value, "message": value, "errorCode": value}
        more = _headers(rng) if rng.random() < 1 / 2 else {}
        return upstream.raw(_json(envelope), status=rng.choice(STATUSES), headers=more)


RESPONSE_FUZZERS = st.builds(ResponseFuzzer, st.integers(0, 2**32), ANY, st.binary(max_size=200))


def _headers(rng: random.Random) -> dict[str, str]:
    names = rng.sample(sorted(HEADERS), rng.randint(1, 3))
    extra = {f"x-{number}": "y" for number in range(rng.choice([0, 0, 0, 90, 500]))}
    return {**{name: rng.choice(HEADERS[name]) for name in names}, **extra}


def _with_mutations(rng: random.Random, body: bytes) -> bytes:
    """A body with one to three mutations: a value replaced, copied to another key, dropped or duplicated."""
    try:
        value = [json.loads(body)]
    except ValueError:
        return body
    raw: list[str] = []
    for _ in range(rng.randint(1, 3)):
        container = rng.choice(_containers(value))
        keys: list[Any] = list(container) if isinstance(container, dict) else list(range(len(container)))
        key = rng.choice(keys)
        match rng.choice(["raw", "leaf", "leaf", "drop", "rename", "double"]):
            case "raw":
                raw.append(rng.choice(RAW_JSON))
                container[key] = f"@@{len(raw) - 1}@@"
            case "drop" if container is not value:
                del container[key]
            case "rename" if isinstance(container, dict):
                container[rng.choice(NAMES)] = container[key]
            case "double" if isinstance(container, list) and container is not value:
                container.insert(key, container[key])
            case _:
                container[key] = rng.choice(ODD_VALUES)
    text = _json(value[0])
    for number, literal in enumerate(raw):
        text = text.replace(f'"@@{number}@@"'.encode(), literal.encode())
    return text


def _containers(value: Any) -> list[Any]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [*([value] if inner else []), *(found for one in inner[:30] for found in _containers(one))]


def _json(value: Any) -> bytes:
    return json.dumps(value, default=str).encode()
