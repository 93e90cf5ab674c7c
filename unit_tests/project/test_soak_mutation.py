from pathlib import Path

import pytest

from soak.mutation.groups import GROUPS, MODULES, table, told, untried
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


def test_what_lives_without_a_reason_is_told_as_it_has_to_be_explained():
    assert [ALIVE] == list(Explanations({}).missing([ALIVE]))
    assert not list(WHY.missing([ALIVE]))
    assert "api.http.responses: classify_response (survived)\n  - if a < b:\n  + if a <= b:" == told(ALIVE)


@pytest.mark.parametrize("fate", ["killed", "timeout", "caught by type check"])
def test_what_was_noticed_needs_no_reason(fate: str):
    noticed = Mutant("api.http.responses", "classify_response", "if a < b:", "if a <= b:", fate)
    assert not list(Explanations({}).missing([noticed]))
    assert [ALIVE.identity] == WHY.stale([noticed])


def test_a_reason_of_a_module_that_was_not_tried_is_not_stale():
    assert not WHY.stale([Mutant("retrievers.lists.lists", "rows", "a", "b", "killed")])


def test_mutants_are_counted_by_what_became_of_them():
    fates = ["killed", "timeout", "caught by type check", "survived", "no tests"]
    others = [Mutant("api.http.responses", "classify_response", "", str(n), fate) for n, fate in enumerate(fates)]
    count = WHY.count([ALIVE, *others])
    assert Count(mutants=6, ill_typed=1, killed=2, explained=1, alive=2) == count
    assert 0.6 == count.score
    assert "| all | 6 | 1 | 2 | 1 | 2 | 60.0% |" == table([ALIVE, *others], WHY).splitlines()[-1]


def test_the_page_names_what_was_not_tried():
    said = untried([ALIVE])
    assert "`retrievers.lists.lists`" in said
    assert "`api.http.responses`" not in said


def test_explanations_are_of_lines_that_exist():
    for module, _, was, _ in Explanations.read(EXPLAINED).reasons:
        lines = (SOURCES / f"{module.replace('.', '/')}.py").read_text().splitlines()
        assert was in " ".join(line.strip() for line in lines), (module, was)
