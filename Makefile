# `make test` needs only Python 3.11 or newer with pip; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# One place says which torch: the `convert` extra.
TORCH := $(shell sed -n 's/^convert = .*"\(torch==[0-9.]*\)".*/\1/p' pyproject.toml)
FOLDERS := sdk runtimes converters distill cloud_training serving tests $(wildcard benchmarks examples hatch_build.py)

.DEFAULT_GOAL := help
.PHONY: help venv test lint format types layers coverage bench clean

help: ## show the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

venv: $(STAMP) ## make .venv, with the project (editable) and all its tools

# torch goes first and alone: pip then takes the CPU build where the machine is set up to offer one.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Edgewise needs Python 3.11 or newer, \
	this is %s: say `make PYTHON=/path/to/python3.11 ...`" % sys.version.split()[0])'
	@echo "Making $(VENV): this takes a few minutes, once."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install $(TORCH)
	@$(PIP) install --editable ".[dev]"
	@touch $@

test: $(STAMP) ## run every test
	@$(BIN)/python -m tests.support.programs
	@$(BIN)/python -m pytest

lint: $(STAMP) ## style and common mistakes (ruff)
	@$(BIN)/ruff check $(FOLDERS)

format: $(STAMP) ## lay the code out (ruff)
	@$(BIN)/ruff format $(FOLDERS)
	@$(BIN)/ruff check --fix $(FOLDERS)

types: $(STAMP) ## types (mypy strict; the public API also by pyright)
	@$(BIN)/mypy
	@$(BIN)/pyright --pythonpath $(BIN)/python

layers: $(STAMP) ## who may import whom (import-linter)
	@$(BIN)/lint-imports

coverage: $(STAMP) ## which lines the tests reach
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage report

bench: $(STAMP) ## speed and memory on this machine
	@$(BIN)/python -m benchmarks

clean: ## remove .venv, caches and builds
	rm -rf $(VENV) build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find $(FOLDERS) -name __pycache__ -type d -prune -exec rm -rf {} +
