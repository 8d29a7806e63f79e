# The one task vocabulary: people, hooks and CI all call these targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13; do \
	$$name -c '$(SUPPORTED)' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= ..
ARGS ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Install the locked tools into .venv

# The stamp holds the place of a finished installation: an interrupted one is repeated.
$(READY): requirements/dev.txt pyproject.toml
	rm -rf $(VENV)
	@"$(PYTHON)" -c '$(SUPPORTED)' 2>/dev/null || { echo "setup needs Python 3.11, 3.12 or 3.13: make setup PYTHON=…" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	@lock=requirements/dev.txt; \
	uv=$$(command -v uv || true); \
	if [[ -z $$uv ]] && $(BIN)/pip install --quiet --require-hashes -r <(awk '/^[^ ]/ {keep = /^uv==/} keep' $$lock); then \
		uv=$(BIN)/uv; \
	fi; \
	index=$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null || true)}; \
	if [[ -n $$index && -z $${UV_DEFAULT_INDEX:-} ]]; then export UV_DEFAULT_INDEX=$$index; fi; \
	if [[ -n $$uv ]]; then export UV_COMPILE_BYTECODE=1; install=("$$uv" pip install --python $(BIN)/python); \
	else install=($(BIN)/pip install); fi; \
	"$${install[@]}" --quiet --no-deps --require-hashes -r $$lock; \
	"$${install[@]}" --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: new
new: $(READY) ## Generate a project, asking for each answer (OUT=folder, ARGS="--no-input name=value ...")
	$(BIN)/cookiecutter --output-dir "$(OUT)" "$(CURDIR)" $(ARGS)

.PHONY: demo
demo: $(READY) ## Generate the sample project, run all of it, and answer one prediction
	PYTHONPATH=. $(BIN)/python -m tests.template.demo

.PHONY: test
test: $(READY) ## Run the whole test suite, generated projects end to end included
	$(BIN)/python -m pytest $(ARGS)

.PHONY: test-fast
test-fast: $(READY) ## Run all tests but the end-to-end ones
	$(BIN)/python -m pytest -m "not e2e" $(ARGS)

.PHONY: expected-files
expected-files: $(READY) ## Rewrite the listing of generated files that tests compare with; review the diff
	$(BIN)/python -m tests.template.expected

.PHONY: docs
docs: $(READY) ## Write docs/standards and docs/reference anew from the code; review the diff
	$(BIN)/python -m goldenpath.review.handbook
	$(BIN)/python -m goldenpath.cli.reference

.PHONY: site
site: $(READY) ## Build the documentation site into build/site
	$(BIN)/zensical build --clean

.PHONY: check
check: $(READY) ## Review the maturity of this repository by its own standards (ARGS="--baseline origin/main ...")
	$(BIN)/goldenpath check $(ARGS)

.PHONY: lint
lint: $(READY) ## Check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: $(READY) ## Mend style and formatting where a tool can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lock
lock: $(READY) ## Compile requirements/dev.txt and the locks of the template again
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 --group dev --extra dev \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		--output-file requirements/dev.txt pyproject.toml
	$(BIN)/python -m tests.template.lock_template

.PHONY: bench
bench: $(READY) ## Measure generation, pipeline and prediction, each beside what one would use instead
	$(BIN)/python benchmarks/generation.py
	$(BIN)/python benchmarks/pipeline.py
	$(BIN)/python benchmarks/review.py

.PHONY: bench-command
bench-command: $(READY) ## Measure how fast the command starts, and make demo, into docs/speed.md; five minutes
	$(BIN)/python benchmarks/command.py

.PHONY: bench-image
bench-image: $(READY) ## Measure the container image beside a single-stage one; needs root
	PYTHONPATH=. $(BIN)/python benchmarks/container.py

.PHONY: bench-batch
bench-batch: $(READY) ## Measure batch prediction beside plain pandas on 5 M rows, into docs/speed.md
	$(BIN)/python benchmarks/batch.py

.PHONY: bench-drift
bench-drift: $(READY) ## Measure drift on a million rows beside Evidently, and compare the verdicts, into docs/speed.md; two minutes
	$(BIN)/python benchmarks/drift.py

.PHONY: bench-serving
bench-serving: $(READY) ## Measure the REST service beside FastAPI echoing and MLflow serving, into docs/speed.md; needs wrk
	$(BIN)/python benchmarks/serving.py

.PHONY: bench-cache
bench-cache: $(READY) ## Measure what the service's cache saves, into the project's docs/cache.md; needs redis-server
	$(BIN)/python benchmarks/cache.py

.PHONY: fault-table
fault-table: $(READY) ## Do to a generated project what goes wrong in production, and write docs/faults.md; needs root, five minutes
	$(BIN)/python benchmarks/faults.py

.PHONY: bench-adopt
bench-adopt: $(READY) ## Adopt public tables of many shapes and write the scores into docs/adopt.md; a quarter of an hour
	$(BIN)/python benchmarks/adopt_datasets.py

.PHONY: clean
clean: ## Remove everything these targets made
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
