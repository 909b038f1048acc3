# `make help` lists what there is. Everything is set up inside this folder, without root.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
STATIC := helpdesk/web/static
TRANSLATIONS := helpdesk/web/translations
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard $(TRANSLATIONS)/*/LC_MESSAGES/messages.po))
WORKERS ?= 2
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-config

# The first Python on this machine that is new enough.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null \
	&& echo "$$python" && break; done)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# ---- Setting up. Each step leaves a file behind, so that nothing is done twice. ----

.PHONY: setup
setup: $(VENV)/.installed $(STATIC)/vendor/icons.svg $(CATALOGUES) ## Install everything the desk needs to run
	@:

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Hearth needs Python 3.11 or newer, and there is none on PATH." >&2; exit 1; }
	@echo "Making the Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian: apt install python3-venv" >&2; exit 1; }

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing the locked packages"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.tools: requirements-dev.lock $(VENV)/.installed
	@echo "Installing the locked packages for tests"
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json | $(VENV)/.installed
	@echo "Fetching the locked front-end files"
	@$(BIN)/python tools/frontend.py --install
	@touch $@

$(STATIC)/vendor/icons.svg: node_modules/.package-lock.json helpdesk/web/icons.txt tools/frontend.py
	@$(BIN)/python tools/frontend.py --copy

%.mo: %.po | $(VENV)/.installed
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# ---- Running ----

.PHONY: run
run: setup ## Start the desk: web and background work (a demo desk the first time)
	@exec $(BIN)/helpdesk run

.PHONY: demo-reset
demo-reset: setup ## Throw the demo desk away and load it afresh
	@$(BIN)/helpdesk demo reset

# ---- Looking after the code ----

.PHONY: system
system: ## Install what the tests need from Debian (needs root or sudo; skipped otherwise)
	@bash tools/system-packages.sh

.PHONY: test
test: setup $(VENV)/.tools system lint ## Run every check and test (about a quarter of an hour on two cores)
	@$(BIN)/pytest -q -n $(WORKERS) --dist worksteal

.PHONY: lint
lint: setup $(VENV)/.tools ## Check style, types, layers, templates and spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Run make format." >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/djlint helpdesk --lint --quiet
	@$(BIN)/codespell

.PHONY: format
format: $(VENV)/.tools ## Put the code into its standard form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: migration
migration: setup $(VENV)/.tools ## Write a migration for changed models: make migration m="add a colour"
	@test -n "$(m)" || { echo 'Say what changes: make migration m="add a colour"' >&2; exit 1; }
	@$(BIN)/python tools/migration.py "$(m)"

.PHONY: i18n
i18n: $(VENV)/.installed ## Bring the catalogues up to date with the code; translate what is empty
	@$(BIN)/python tools/i18n.py
	@$(MAKE) setup

.PHONY: lock
lock: $(VENV)/.tools ## Choose the newest allowed versions and lock them
	@$(LOCK) --upgrade --extra build pyproject.toml --output-file requirements.lock
	@$(LOCK) --upgrade --extra build --extra test --constraint requirements.lock pyproject.toml \
		--output-file requirements-dev.lock
	@$(LOCK) --upgrade tools/node.in --output-file tools/node.lock
	@$(BIN)/python tools/frontend.py --lock

.PHONY: shots
shots: setup $(VENV)/.tools system ## Take pictures of every main screen into shots/
	@$(BIN)/python -m tests.shots

.PHONY: bench
bench: setup $(VENV)/.tools ## Measure speed on PostgreSQL, a JSON line a metric
	@$(BIN)/python -m tests.bench

.PHONY: fuzz
fuzz: setup $(VENV)/.tools ## Read 100,000 damaged messages, then let atheris look for more
	@$(BIN)/python -m tests.fuzz

.PHONY: crash
crash: setup $(VENV)/.tools system ## Kill the reading and the sending of 1,000 messages at 50 points and more
	@HEARTH_CRASH_MESSAGES=1000 $(BIN)/pytest -q -n $(WORKERS) --timeout 3600 \
		tests/channels/email/test_crashes.py

.PHONY: clean
clean: ## Remove everything that setup and the tools made; the desk's data stay
	@rm -rf $(VENV) node_modules build $(STATIC)/vendor shots test-results *.egg-info \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find helpdesk tests migrations tools -name __pycache__ -type d -prune -exec rm -rf {} +
	@find $(TRANSLATIONS) -name '*.mo' -delete 2>/dev/null || true
