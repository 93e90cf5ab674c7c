"""A mutant: one small change of the connector's code, its fate, and why it may survive."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

#: The reasons why some mutants cannot or need not be killed.
EXPLAINED = Path(__file__).parent / "explained.yaml"
#: Where mutmut keeps the mutated code and its results.
WORK_FOLDER = Path("mutants")
#: Module to its test files below unit_tests, besides the one with its own path and name.
TESTS = {
    "api.auth.access_token": ["api/auth/test_authenticators", "api/test_client"],
    "api.client": ["retrievers/events/test_connection", "retrievers/lists/test_objects"],
    "api.http.connection_errors": ["api/auth/test_token_endpoint"],
    "api.http.event_stream": ["retrievers/events/test_connection"],
    "api.http.response_errors": ["api/http/test_responses"],
    "api.http.retry_policy": ["api/http/test_responses"],
    "api.http.session": ["api/test_client", "redaction/test_secret_leaks"],
    "api.rate_limit.bucket_registry": ["api/rate_limit/test_api_budget"],
    "api.rate_limit.refill_estimator": ["api/rate_limit/test_api_budget"],
    "api.rate_limit.token_bucket": ["api/rate_limit/test_api_budget"],
    "config.normalization": ["api/test_tenant"],
    "config.options": ["api/test_tenant", "retrievers/users/test_cursor", "retrievers/user_lists/test_user_ids"],
    "config.private_key": ["api/auth/test_client_assertion"],
    "engine.component_factory": ["test_source"],
    "engine.concurrent_source": ["engine/test_page_records"],
    "errors": ["api/http/test_responses"],
    "records": ["retrievers/lists/test_partition_routers", "engine/test_shared_pages"],
    "retrievers.cursors.state_validation": ["retrievers/users/test_cursor", "retrievers/logs/test_cursors"],
    "retrievers.events.consumer": ["retrievers/events/test_retriever"],
    "retrievers.events.cursor": ["retrievers/events/test_retriever"],
    "retrievers.events.idle_timer": ["retrievers/events/test_retriever", "retrievers/events/test_connection"],
    "retrievers.events.messages": ["retrievers/events/test_retriever"],
    "retrievers.events.position": ["retrievers/events/test_retriever"],
    "retrievers.followed_parents.parents": ["manifest/test_following"],
    "retrievers.followed_parents.retrievers": ["manifest/test_following"],
    "retrievers.lists.pagination": ["retrievers/lists/test_lists", "retrievers/users/test_retriever"],
    "retrievers.log_events.api_writes": ["retrievers/log_events/test_api_writes", "retrievers/log_events/test_facts"],
    "retrievers.log_events.ordering": ["retrievers/logs/test_tenant_log"],
    "progress.messages": ["progress/test_sync_progress"],
    "progress.stream_progress": ["progress/test_sync_progress"],
    "retrievers.readings.cursor": ["retrievers/readings/test_readings"],
    "retrievers.readings.retriever": ["retrievers/readings/test_readings"],
    "retrievers.user_lists.users_in_log": ["retrievers/user_lists/test_changed_users"],
    "retrievers.user_lists.user_pass": ["retrievers/user_lists/test_cursor", "retrievers/user_lists/test_retrievers"],
    "retrievers.users.cursor": ["retrievers/users/test_tombstones"],
    "retrievers.users.export_job": ["config/test_excluded_fields"],
    "retrievers.user_search.queries": ["retrievers/users/test_cursor", "retrievers/users/test_retriever"],
    "retrievers.users.retriever": ["config/test_excluded_fields"],
    "timestamps": ["retrievers/users/test_queries"],
}
#: A mutant that never ends counts as killed, like one that fails a test.
KILLED = {"killed", "timeout", "segfault", "suspicious"}
#: A mutant that `make lint` rejects is not tested.
ILL_TYPED = "caught by type check"


@dataclass(frozen=True)
class Mutant:
    """One change: the lines before and after it, each as one line without indentation."""

    module: str
    function: str
    was: str
    now: str
    fate: str = "survived"

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """The mutant's identity, which does not depend on other lines of the module."""
        return self.module, self.function, self.was, self.now

    @property
    def is_alive(self) -> bool:
        """Whether it survived."""
        return is_alive(self.fate)


@dataclass(frozen=True)
class Count:
    """The results for the mutants of some modules."""

    mutants: int = 0
    ill_typed: int = 0
    killed: int = 0
    explained: int = 0
    alive: int = 0

    @property
    def score(self) -> float:
        """The share of mutants that were caught, of those that are not explained."""
        return 1 - self.alive / max(1, self.mutants - self.explained)


@dataclass
class Explanations:
    """The identities of mutants that may survive, each with its reason."""

    reasons: dict[tuple[str, str, str, str], str]

    @classmethod
    def read(cls, path: Path = EXPLAINED) -> "Explanations":
        """Read module → function → list of `was`, `now`, `why`; YAML anchors may share a `why`."""
        explained = yaml.safe_load(path.read_text()) or {}
        return cls(
            {
                (module, function, one["was"], one["now"]): one["why"]
                for module, functions in explained.items()
                for function, mutants in functions.items()
                for one in mutants
            }
        )

    def missing(self, mutants: Iterable[Mutant]) -> Iterator[Mutant]:
        """The surviving mutants without a reason."""
        return (one for one in mutants if one.is_alive and one.identity not in self.reasons)

    def stale(self, mutants: Iterable[Mutant]) -> list[tuple[str, str, str, str]]:
        """The reasons that no surviving mutant of these modules needs."""
        mutants = list(mutants)
        modules, alive = {one.module for one in mutants}, {one.identity for one in mutants if one.is_alive}
        return [identity for identity in self.reasons if identity[0] in modules and identity not in alive]

    def count(self, mutants: Iterable[Mutant]) -> Count:
        """Count mutants by their fate."""
        counted = list(mutants)
        alive = [one for one in counted if one.is_alive]
        missing = len(list(self.missing(alive)))
        ill_typed = sum(one.fate == ILL_TYPED for one in counted)
        killed = len(counted) - len(alive) - ill_typed
        return Count(len(counted), ill_typed, killed, len(alive) - missing, missing)


def files_of(module: str) -> list[str]:
    """The test files of a module, which is named by its dotted path below source_auth0."""
    *folders, name = module.split(".")
    own = "/".join([*folders, f"test_{name}"])
    files = [f"unit_tests/{path}.py" for path in [own, *TESTS.get(module, [])]]
    return [name for name in files if Path(name).exists()]


def results_file(module: str) -> Path:
    """The file with a module's results of the last run."""
    return WORK_FOLDER / f"{module}.json"


def is_alive(fate: str) -> bool:
    """Whether neither a test nor the type checker caught it."""
    return fate not in {*KILLED, ILL_TYPED}
