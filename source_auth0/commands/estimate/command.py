"""`source-auth0 estimate`: asks a tenant how much a sync will read, and prints it for each stream."""

import argparse
import contextlib
import json
import statistics
import sys
from collections.abc import Sequence

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.commands.estimate.duration import clock_of_tenant
from source_auth0.commands.estimate.report import Line, as_json, lines_of, table
from source_auth0.commands.estimate.survey import Survey
from source_auth0.commands.probe.client import ProbeClient
from source_auth0.commands.probe.command import EXIT_CODE_INTERRUPTED, log_on_stderr
from source_auth0.config.options import HOUR_MS
from source_auth0.input_files.catalog_file import read_catalog, unknown_stream_error, unknown_streams_error
from source_auth0.input_files.config_file import read_config
from source_auth0.manifest.files import stream_files
from source_auth0.redaction.log_masking import config_secrets, register_secrets
from source_auth0.source import SourceAuth0

#: Requests after which nothing more is asked.
MAX_REQUESTS = 1000
#: Seconds that a response takes where none was measured.
USUAL_LATENCY = 0.1
EXPLANATION = """
Rows and requests are ranges: short lists and totals are counted, and of many lists a few were asked. `at least` means
that Auth0 shows no more. A stream's requests are its own; what it is read for is in brackets where it is not selected,
and counts once. Times hold if nobody else uses the tenant's rate limits. Later syncs: one every {hours:g} hours."""


def print_estimate(words: list[str]) -> None:
    """Print the estimate on standard output, and on standard error what cannot be read.

    Ends with exit code 1, and one sentence, where a file or the config is wrong or the sign-in fails, and with 130
    after Ctrl-C.
    """
    arguments = _parser().parse_args(words)
    try:
        with log_on_stderr():
            client, lines, refused = _estimated(arguments)
    except AirbyteTracedException as error:
        sys.exit(filter_secrets(str(error.message)))
    except KeyboardInterrupt:
        sys.exit(EXIT_CODE_INTERRUPTED)
    for sentence in refused:
        sys.stderr.write(f"{filter_secrets(sentence)}\n")
    if arguments.json:
        print(json.dumps(as_json(lines, refused), indent=2))  # noqa: T201 - what the command is for
    elif lines:
        print(table(lines))  # noqa: T201 - what the command is for
        print(EXPLANATION.format(hours=arguments.hours))  # noqa: T201 - what the command is for
    sys.stderr.write(f"{client.counter.sent} requests were sent for this.\n")
    if not lines:
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "source-auth0 estimate",
        description="Asks a tenant how much a sync will read, with some dozens of requests within its rate limits, and "
        "prints the rows, requests and time of each stream, in a first sync and in later ones.",
        epilog="Example: source-auth0 estimate --config config.json --catalog catalog.json",
    )
    parser.add_argument("--config", required=True, metavar="FILE", help="the config of the sync")
    parser.add_argument("--catalog", metavar="FILE", help="the configured catalog of the sync; every stream without it")
    parser.add_argument(
        "--hours", type=_hours, default=24.0, metavar="N", help="hours from one sync to the next; 24 by default"
    )
    parser.add_argument("--json", action="store_true", help="print an object instead of a table")
    return parser


def _hours(text: str) -> float:
    """Hours that are more than none."""
    with contextlib.suppress(ValueError):
        if 0 < (hours := float(text)) < float("inf"):
            return hours
    raise argparse.ArgumentTypeError(f"`{text}` is no number of hours; write one such as 24 or 0.5")


def _estimated(arguments: argparse.Namespace) -> tuple[ProbeClient, list[Line], list[str]]:
    config = read_config(arguments.config)
    register_secrets(config_secrets(config))
    selected, refused = _selected(arguments.catalog)
    source = SourceAuth0(config=config)
    client = ProbeClient(*source.api_of(config), name="estimate", max_requests=MAX_REQUESTS)
    survey = Survey(client, selected, int(arguments.hours * HOUR_MS))
    for name in selected:
        survey.estimate(name)
    latencies = client.counter.latencies
    clock = clock_of_tenant(client.tenant, statistics.median(latencies) if latencies else USUAL_LATENCY)
    lines, more = lines_of(survey, selected, clock)
    return client, lines, [*refused, *more]


def _selected(path: str | None) -> tuple[Sequence[str], list[str]]:
    """The selected streams, and a sentence about each that does not exist; raises where none exists."""
    known = stream_files()
    if path is None:
        return list(known), []
    names = [configured.stream.name for configured in read_catalog(path).streams]
    unknown = [name for name in names if name not in known]
    if unknown and len(unknown) == len(names):
        raise unknown_streams_error(unknown, len(names))
    return [name for name in names if name in known], [str(unknown_stream_error(name).message) for name in unknown]
