"""A probe's client whose responses a test writes."""

from collections.abc import Callable, Mapping

from source_auth0.api.tenant import Tenant
from source_auth0.commands.probe.client import Answer, ProbeClient, RequestCounter
from testing.fakes.management_api import BASE

Query = Mapping[str, str]
#: The response to a path, or a function that makes it of the query.
Scripted = Answer | Callable[[Query], Answer]


class FakeProbeClient(ProbeClient):
    """Answers by path; a path that is not known is a 404.

    asked: (path, query) of each request. paused: the seconds that were waited.
    """

    def __init__(self, answers: Mapping[str, Scripted], scopes: frozenset[str] | None = None) -> None:
        self.tenant = Tenant({"base_url": BASE})
        self.scopes = scopes
        self.counter = RequestCounter()
        self.started_ms = self.tenant.now_ms
        self.asked: list[tuple[str, Query]] = []
        self.paused = 0.0
        self._scripted = answers

    def get(self, path: str, **query: object) -> Answer:
        """The response that the test wrote."""
        return self.get_again(path, **query)

    def get_again(self, path: str, **query: object) -> Answer:
        """The same."""
        self.counter.count()
        parameters = {name.rstrip("_"): str(value) for name, value in query.items()}
        self.asked.append((path, parameters))
        scripted = self._scripted.get(path, Answer(404, None, "not_found", "Not Found"))
        return scripted if isinstance(scripted, Answer) else scripted(parameters)

    def opens(self, path: str, **query: object) -> Answer:
        """The same for an event stream."""
        return self.get(path, **query)

    def path_of(self, template: str, **ids: str) -> str:
        """The path with its ids as they are."""
        return template.replace("{{ stream_slice.", "{").replace(" }}", "}").format(**ids)

    def pause(self, seconds: float) -> None:
        """Wait for nothing."""
        self.paused += seconds


def page(*rows: object, **envelope: object) -> Answer:
    """A served list, in an envelope if it has any members."""
    return Answer(200, {"rows": list(rows), **envelope} if envelope else list(rows))


def refused(status: int, code: str = "", text: str = "") -> Answer:
    """A refusal."""
    return Answer(status, {}, code, text)
