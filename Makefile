# penstock: everything a developer runs. `make demo` and `make test` do all of their own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SLOW_FIRST := $(addprefix tests/,conformance faults integration golden fuzz unit)
export PENSTOCK_CACHE ?= $(CURDIR)/.local
export PYTHONWARNINGS ?= default
# every test starts many processes: their modules are compiled once
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint unit golden conformance integration fuzz faults soak bench up down clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "penstock needs Python 3.11 or newer: set PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "this Python has no venv module: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## a shop database moves while it is written: the whole product in three minutes
	$(BIN)/python -m deploy.demo

test: lint $(STAMP) ## everything that CI runs, on WORKERS stacks of servers side by side (default 2)
	$(BIN)/pytest $(SLOW_FIRST) -n $(or $(WORKERS),2) --dist loadfile --no-loadscope-reorder --durations 40 -m "not long"

lint: $(STAMP) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(STAMP) ## pure tests, no servers
	$(BIN)/pytest tests/unit

conformance: $(STAMP) ## every value and every corpus case, on real servers
	$(BIN)/pytest tests/golden tests/conformance --timeout 3600

integration: $(STAMP) ## components on real servers
	$(BIN)/pytest tests/integration

fuzz: $(STAMP) ## look for bytes that break a parser: SECONDS for each of them (default 300)
	$(BIN)/python -m tests.fuzz all $(or $(SECONDS),300)

faults: $(STAMP) ## kill -9 at every seam
	$(BIN)/pytest tests/faults -m "not long"

soak: $(STAMP) ## random kills under a random writer, for long
	$(BIN)/pytest tests/faults -m long --timeout 3600

bench: $(STAMP) ## rows per second, CPU per row, memory, latency; writes build/bench.json
	$(BIN)/python -m tests.bench

up: $(STAMP) ## start the local servers
	$(BIN)/python -m deploy.local up

down: $(STAMP) ## stop them and remove their data
	$(BIN)/python -m deploy.local down

clean: ## remove what was built (downloads stay in .local)
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache
