# One door to the project. Bare Debian with python3, python3-venv and make is enough; nothing needs to be activated.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
STAMP := .venv/.installed
PIP := -m pip --disable-pip-version-check --no-input
CODE := $(sort $(dir $(wildcard hub/*.py tests/*.py bench/*.py tools/*.py)))

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMP) ## start the hub with a shop's last 30 days, and play its day; the last line is a link to open; Ctrl-C stops it
	$(BIN)/hub up --demo

install: $(STAMP) ## the hub into .venv, and nothing is started: then `.venv/bin/hub up`

check: $(STAMP) ## seconds: ruff, mypy --strict and the tests that need no server
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/pytest -q -m "not real" -n 2 --dist loadfile

test: tools $(STAMP) ## everything, what CI runs: `check`'s linters, then all tests, in three processes
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

chaos: tools $(STAMP) ## an hour or more: the kill tests and the faults on Kafka, 100 rounds of each (HUB_CHAOS=n: n rounds)
	HUB_CHAOS=$${HUB_CHAOS:-100} $(BIN)/pytest -s tests/kill tests/kafka/test_faults.py

soak: tools $(STAMP) ## ten minutes of random faults on Kafka under load (HUB_SOAK=n: n seconds); tells rounds, faults, events
	HUB_SOAK=$${HUB_SOAK:-600} $(BIN)/pytest -s tests/kafka/test_faults.py

bench: tools $(STAMP) ## what is fast, as ratios against the raw limit in the same run (BIG=1: ten million events)
	BIG=$(BIG) $(BIN)/python -m bench

screenshots: tools $(STAMP) ## docs/pictures anew: the demo's shop, in both languages
	$(BIN)/python -m tools.screenshots

tools: ## the Debian packages that the tests need (tools/debian.txt); installs them as root, else says what is missing
	@sh tools/install.sh

lock: ## write requirements.lock anew from pyproject.toml
	@echo "lock: newest versions that pyproject.toml allows, with hashes, into requirements.lock"
	$(PYTHON) -m venv .lock-venv
	.lock-venv/bin/python $(PIP) install -q uv==$(UV_VERSION)
	.lock-venv/bin/uv pip compile -q --upgrade --universal --generate-hashes --no-annotate --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make lock" --group dev -o requirements.lock pyproject.toml

# From scratch whenever the lock changes, so that .venv holds what the lock names and nothing else.
$(STAMP): requirements.lock
	@echo "venv: installing what requirements.lock names into .venv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "the hub needs Python 3.11 or newer: make PYTHON=...")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python $(PIP) install -q --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python $(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: help run install check test chaos soak bench screenshots tools lock
