# Everything works from a fresh clone with Python 3.11 or later, pip and make.

SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo $$p && break; done)
RUN := .venv/bin/python
TABLE ?= ../shared/ACCEPTANCE.md
UV := uv==0.13.9
PYTEST := -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
# Tests start hundreds of processes: each would compile again whatever has changed.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check format bench acceptance lock clean machine

demo: .venv/installed  ## a world to try triald in, on http://127.0.0.1:8080
	.venv/bin/triald up --demo $(ARGS)

test: machine  ## every test; ARGS=tests/schema for some
	$(RUN) $(PYTEST) $(ARGS)

check: machine  ## format, lint, types, import rules, tests
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	.venv/bin/lint-imports --no-logo
	$(RUN) $(PYTEST) $(ARGS)

bench: .venv/installed  ## what we measure, beside the peers that are installed
	$(RUN) -m bench $(ARGS)

acceptance: .venv/installed  ## each row of TABLE with the tests that name it
	$(RUN) -m tests.acceptance $(TABLE) $(ARGS)

format: .venv/installed
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .

# What tests need beside Python packages: a Chromium, PostgreSQL 15, PgBouncer, Prometheus.
machine: .venv/installed
	$(RUN) -m tests.machine

# pip of the environment itself where there is one; Debian leaves it out unless python3-venv is installed.
.venv/installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "triald needs Python 3.11 or later: install it, or give PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv 2> /dev/null || $(PYTHON) -m venv --without-pip .venv
	@pip() { if $(RUN) -m pip --version &> /dev/null; then $(RUN) -m pip "$$@"; \
		else $(PYTHON) -m pip --python $(RUN) "$$@"; fi; }; set -e; \
	echo "installing the pinned packages into .venv ..."; \
	pip install --quiet --require-hashes --requirement requirements.lock; \
	pip install --quiet --no-deps --no-index --no-build-isolation --editable .
	@touch $@

lock:  ## choose the newest versions that fit, and pin them with their hashes
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet "$(UV)"
	build/lock/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--quiet --output-file requirements.lock

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find actors supervisor schema demo bench tests -name __pycache__ -type d -prune -exec rm -rf {} +
