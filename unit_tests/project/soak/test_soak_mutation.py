from pathlib import Path

import pytest

from soak.mutation.groups import GROUPS, MODULES, describe, table, untried
from soak.mutation.mutants import EXPLAINED, Count, Explanations, Mutant, files_of

SOURCES = Path("source_auth0")
ALIVE = Mutant("api.http.responses", "classify_response", "if a < b:", "if a <= b:")
WHY = Explanations({ALIVE.identity: "They are never equal."})


def test_every_component_is_in_one_group():
    grouped = [module for modules in GROUPS.values() for module in modules.split()]
    assert sorted(MODULES) == sorted(grouped)


@pytest.mark.parametrize("module", [module for modules in GROUPS.values() for module in modules.split()])
def test_every_component_has_tests(module: str):
    assert files_of(module)


def test_an_unexplained_survivor_is_reported_in_the_format_of_an_explanation():
    assert [ALIVE] == list(Explanations({}).missing([ALIVE]))
    assert not list(WHY.missing([ALIVE]))
    assert "api.http.responses: classify_response (survived)\n  - if a < b:\n  + if a <= b:" == describe(ALIVE)


@pytest.mark.parametrize("fate", ["killed", "timeout", "caught by type check"])
def test_a_detected_mutant_needs_no_explanation(fate: str):
    detected = Mutant("api.http.responses", "classify_response", "if a < b:", "if a <= b:", fate)
    assert not list(Explanations({}).missing([detected]))
    assert [ALIVE.identity] == WHY.stale([detected])


def test_an_explanation_for_an_untested_module_is_not_stale():
    assert not WHY.stale([Mutant("retrievers.lists.lists", "rows", "a", "b", "killed")])


def test_mutants_are_counted_by_outcome():
    fates = ["killed", "timeout", "caught by type check", "survived", "no tests"]
    others = [Mutant("api.http.responses", "classify_response", "", str(n), fate) for n, fate in enumerate(fates)]
    count = WHY.count([ALIVE, *others])
    assert Count(mutants=6, ill_typed=1, killed=2, explained=1, alive=2) == count
    assert 0.6 == count.score
    assert "| all | 6 | 1 | 2 | 1 | 2 | 60.0% |" == table([ALIVE, *others], WHY).splitlines()[-1]


def test_the_page_names_untested_modules():
    text = untried([ALIVE])
    assert "`retrievers.lists.lists`" in text
    assert "`api.http.responses`" not in text


def test_explanations_quote_lines_that_exist():
    for module, _, was, _ in Explanations.read(EXPLAINED).reasons:
        lines = (SOURCES / f"{module.replace('.', '/')}.py").read_text().splitlines()
        assert was in " ".join(line.strip() for line in lines), (module, was)
