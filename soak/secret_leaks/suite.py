"""Secret leaks: whether a secret appears in output, files or requests to other hosts, whatever goes wrong."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from random import Random

from auth0_simulator import Simulator
from soak.secret_leaks.configs import misplaced_secrets, refused_sign_ins
from soak.secret_leaks.hosts import TrialNetwork, trial_network
from soak.secret_leaks.machines import faults, machines, signals, unhandled_exceptions
from soak.secret_leaks.planted_secrets import PLANTED_SECRET, SecretPlanter
from soak.secret_leaks.processes.command_runs import CommandRunner, ConnectorCommand, command_runner
from soak.secret_leaks.redirects import bad_certificates, foreign_links, redirects
from soak.secret_leaks.trial import SIGN_INS, Trial, TrialEnvironment, Verdict, judge
from soak.tally import Tally
from source_auth0.manifest.files import stream_files
from testing.in_process import catalog_of

#: Trials of each kind in one run of the suite; there are more than 1,300 in all.
TRIALS_PER_KIND = 20
#: One run in this many uses the real command instead of a fork.
REAL_COMMAND_EVERY = 8


def trials() -> Iterator[Trial]:
    """All trials, in the order of the table."""
    return chain(
        misplaced_secrets(),
        refused_sign_ins(),
        redirects(),
        foreign_links(),
        bad_certificates(),
        machines(),
        unhandled_exceptions(),
        signals(),
        faults(),
    )


def full_syncs() -> Iterator[Trial]:
    """Syncs of every stream without a fault, with a secret planted in each field that may hold one."""
    for secrets, sign_in in ((secrets, sign_in) for secrets in ("withhold", "hash") for sign_in in SIGN_INS):

        def prepare(env: TrialEnvironment, secrets: str = secrets, sign_in: str = sign_in) -> ConnectorCommand:
            SecretPlanter(env.sim)
            env.canaries.plant("a planted secret", PLANTED_SECRET)
            return ConnectorCommand("read", env.config(sign_in, secrets=secrets), catalog_of(*stream_files()))

        yield Trial("nothing: every stream", f"{secrets}, by {sign_in}", prepare, ends="well")


def suite(seed: int) -> Iterator[Tally]:
    """Run a sample of each kind of trial, and report the leaks."""
    with tempfile.TemporaryDirectory() as folder:
        yield from tallies(sampled_trials(seed, TRIALS_PER_KIND), seed, Path(folder))


def sampled_trials(seed: int, limit: int) -> list[Trial]:
    """A random sample of up to `limit` trials of each kind."""
    kinds = defaultdict[str, list[Trial]](list)
    for trial in chain(trials(), full_syncs()):
        kinds[trial.kind].append(trial)
    rng = Random(seed)
    return [
        trial
        for trials_of_kind in kinds.values()
        for trial in rng.sample(trials_of_kind, min(limit, len(trials_of_kind)))
    ]


def tallies(tried: Iterable[Trial], seed: int, folder: Path, *, real: int = REAL_COMMAND_EVERY) -> list[Tally]:
    """A tally for each kind of trial; one run in `real` uses the real command (0: only runs that cannot be forked)."""
    rng, found = Random(seed), dict[str, Tally]()
    (folder / "hosts").mkdir()
    with trial_network(folder / "hosts") as network, command_runner(folder) as runner:
        for number, trial in enumerate(tried):
            tally = found.setdefault(trial.kind, Tally(trial.kind))
            quick = not real or (number + rng.randrange(real)) % real > 0
            _count(tally, trial, run_trial(trial, network, runner, folder, quick=quick))
    return list(found.values())


def run_trial(
    trial: Trial, network: TrialNetwork, runner: CommandRunner, folder: Path, *, quick: bool = True
) -> Verdict:
    """Run one trial, with its own tenant."""
    network.reset()
    with ExitStack() as stack:
        sim = stack.enter_context(Simulator(users=4, organizations=2, log_events=30))
        env = TrialEnvironment(sim, network, folder, stack)
        connector_command = trial.prepare(env)
        # Only a fork can have an injected failure, or a fast clock where retries would take minutes.
        needs_fork = bool(connector_command.failure) or (connector_command.command == "read" and trial.ends != "well")
        connector_command.is_quick = connector_command.is_quick and (quick or needs_fork)
        return judge(trial, env, connector_command, runner.run(connector_command))


def _count(tally: Tally, trial: Trial, found: Verdict) -> None:
    tally.runs += 1
    tally.records += found.rows
    tally.hangs += found.is_hung
    tally.leaks += len(found.leaks)
    problems = [*found.leaks, *(["it hung"] if found.is_hung else []), *found.complaints]
    tally.complaints += [f"{trial.name}: {problem}" for problem in problems]
