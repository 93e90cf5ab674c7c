"""`source-auth0 probe`: asks the questions of this folder, one after the other, and prints a report without names."""

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.commands.probe import features, index, lists, log, search, writes
from source_auth0.commands.probe.client import MAX_REQUESTS, ProbeClient, RequestsSpentError
from source_auth0.commands.probe.findings import Finding, Question, report, unknown
from source_auth0.commands.version import version_line
from source_auth0.input_files.config_file import read_config
from source_auth0.redaction.log_masking import config_secrets, mask_secret_like, register_secrets
from source_auth0.source import SourceAuth0

QUESTIONS: tuple[Question, ...] = (
    *search.QUESTIONS,
    *index.QUESTIONS,
    *log.QUESTIONS,
    *writes.QUESTIONS,
    *lists.QUESTIONS,
    *features.QUESTIONS,
)
#: What no client that only reads can tell, with the reason: the rest of what is not established.
NOT_ASKED: tuple[tuple[str, str, str], ...] = (
    ("export_concurrency", "Several exports of users may run at once.", "it would start jobs"),
    (
        "export_of_large_metadata",
        "An export carries metadata above 1 MB.",
        "it would start a job, and needs such a user",
    ),
    ("access_denied_texts", "All texts of `access_denied` are known.", "it would have to fail to sign in"),
    ("index_hours_late", "The index may be hours late.", "it takes an incident; probe again in one"),
)
#: That of a command which SIGINT ends, as shells have it.
EXIT_CODE_INTERRUPTED = 130
#: What a person does with the report.
WHAT_TO_DO = (
    "The report on standard output has no ids, names, addresses or secrets of the tenant; paste it into an issue. "
    "Auth0's own words above may have some: they are for you."
)


def print_probe(words: list[str]) -> None:
    """Print the report on standard output, and on standard error what is found on the way.

    Ends with exit code 1, and one sentence, where the config is wrong or the sign-in fails, and with 130 after Ctrl-C.
    """
    arguments = _parser().parse_args(words)
    try:
        with log_on_stderr():
            client = _client(arguments.config)
            rows = [*_answered(client, QUESTIONS), *(_not_asked(*each) for each in NOT_ASKED)]
    except AirbyteTracedException as error:
        sys.exit(filter_secrets(str(error.message)))
    except KeyboardInterrupt:
        sys.exit(EXIT_CODE_INTERRUPTED)
    print(report(_heading(client), rows))  # noqa: T201 - what the command is for
    outcomes = Counter(finding.outcome.value for _, finding in rows)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    sys.stderr.write(f"{len(rows)} questions, {client.counter.sent} requests: {counts}. {WHAT_TO_DO}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "source-auth0 probe",
        description="Asks a tenant what Auth0's documents leave open. It reads alone, sends some fifty requests within "
        "the tenant's rate limits, and prints a report without ids, names, addresses or secrets.",
        epilog="Example: source-auth0 probe --config config.json > report.md; then paste report.md into an issue",
    )
    parser.add_argument("--config", required=True, metavar="FILE", help="the config of a sync")
    return parser


class _MaskedText(logging.Formatter):
    """A log line as text, without the secrets of the config."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return filter_secrets(f"{record.levelname}: {record.getMessage()}")


@contextmanager
def log_on_stderr() -> Iterator[None]:
    """Keep log lines out of the report: the framework writes them to standard output, and they name things."""
    root, handler = logging.getLogger(), logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_MaskedText())
    before, root.handlers = root.handlers, [handler]
    try:
        yield
    finally:
        root.handlers = before


def _client(path: str) -> ProbeClient:
    config = read_config(path)
    register_secrets(config_secrets(config))
    source = SourceAuth0(config=config)
    return ProbeClient(*source.api_of(config))


def _answered(client: ProbeClient, questions: Iterable[Question]) -> Iterator[tuple[Question, Finding]]:
    """Ask each question; standard error gets the answers, with Auth0's own words."""
    for question in questions:
        finding = _ask(client, question)
        lines = [f"{question.name}: {finding.outcome.value}. {finding.evidence}"]
        lines += [f"    Auth0's own words: {mask_secret_like(filter_secrets(finding.words))}"] if finding.words else []
        sys.stderr.write("\n".join(lines) + "\n")
        yield question, finding


def _ask(client: ProbeClient, question: Question) -> Finding:
    missing = question.scopes - client.scopes if client.scopes is not None else frozenset()
    if missing:
        return unknown(f"not asked: needs {' '.join(sorted(missing))}")
    try:
        return question.ask(client)
    except RequestsSpentError:
        return unknown(f"not asked: {MAX_REQUESTS} requests are spent")
    except AirbyteTracedException as error:
        return Finding(unknown("").outcome, "Auth0 kept answering with faults", str(error.message))
    except (AttributeError, KeyError, TypeError, ValueError):
        return unknown("a response of another form than Auth0 documents")


def _not_asked(name: str, statement: str, reason: str) -> tuple[Question, Finding]:
    return Question(name, statement, lambda _: unknown("")), unknown(f"not asked: {reason}")


def _heading(client: ProbeClient) -> str:
    kind = "auth0.com" if client.tenant.domain.endswith(".auth0.com") else "a private cloud, or a custom domain"
    month = f"{client.tenant.now():%B %Y}"
    return f"{version_line()} asked a tenant of {kind} with {client.counter.sent} requests, in {month}."
