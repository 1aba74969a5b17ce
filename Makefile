# The project's commands; `make help` lists them. Each is idempotent, quick the second time, and asks nothing.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

HOST ?= 127.0.0.1
PORT ?= 8000
# The interpreter that makes .venv: the first of these that is new enough and can make one.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo $$python; break; }; done)
# The address is ours alone: a user's SOFTMAX_MODELS moves the store, as it does for every command.
export SOFTMAX_MODELS ?= models

bin := .venv/bin
pip := $(bin)/python -m pip --disable-pip-version-check --quiet install
# pip names the lock and the package that failed; the last line says what to do about it.
no_packages = { echo 'make: the packages of $< could not be installed: see the line above; a package index must be reachable' >&2; exit 1; }

##@ Use
.PHONY: serve
serve: .venv/.serve  ## Train demo and iris when the store is empty, then serve (PORT=8123 moves it)
	@if [[ "$$SOFTMAX_MODELS" != *://* ]] && [ -z "$$(find "$$SOFTMAX_MODELS" -mindepth 2 -maxdepth 2 -name ACTIVE ! -path "*/.new-*" -print -quit 2>/dev/null)" ]; then \
		$(bin)/softmax train demo; $(bin)/softmax train iris; fi
	@exec $(bin)/softmax serve --host $(HOST) --port $(PORT)

.PHONY: install
install: .venv/.dev  ## Make .venv with everything that development needs

##@ Develop
.PHONY: test
test: .venv/.dev  ## Run the whole suite, set-up included
	@tests/system/set-up.sh
	@OPENBLAS_NUM_THREADS=1 $(bin)/python -m pytest --numprocesses auto --dist loadfile $(PYTEST_ARGS)

.PHONY: check
check: .venv/.dev  ## Format, lint, types, layers, dependencies, docstrings
	@$(bin)/ruff format --check --quiet || { echo 'make: ruff format mends these' >&2; exit 1; }
	@$(bin)/ruff check --quiet
	@$(bin)/mypy
	@$(bin)/lint-imports --no-logo
	@$(bin)/deptry .
	@$(bin)/numpydoc lint $$(find $(documented) -name '*.py')
	@$(bin)/shellcheck $(scripts)

.PHONY: lock
lock: .venv/.dev  ## Remake the three lock files (UPGRADE=1 takes newer versions)
	@$(call compile,dev) --group dev --extra train --extra client --extra arrow --extra exchange --extra remote
	@$(call compile,train) --group build --extra train --extra remote --constraint requirements-dev.lock
	@$(call compile,serve) --group build --extra remote --constraint requirements-train.lock

.PHONY: docs
docs: .venv/.dev  ## Run every Python and curl block of the README and of docs/
	@$(bin)/python -m pytest --quiet tests/project/test_documents.py

.PHONY: bench
bench: .venv/.dev  ## Measure against peers in the same run (QUICK=1 in two minutes)
	@for script in benchmarks/*.py; do echo "== $$script"; $(bin)/python $$script $(if $(QUICK),--quick); done

.PHONY: drills
drills: .venv/.dev  ## Let things go wrong under load and say what is lost (QUICK=1 in ten minutes)
	@OPENBLAS_NUM_THREADS=1 $(bin)/python -m benchmarks.drills $(if $(QUICK),--quick)

##@ Containers
.PHONY: image
image: docker  ## Build the images softmax-service:serve and softmax-service:train
	@docker build --quiet --target serve --tag softmax-service:serve .
	@docker build --quiet --target train --tag softmax-service:train .

.PHONY: test-container
test-container: docker .venv/.dev  ## Build the images, start them with compose, compare their answers, stop them
	@$(bin)/python -m pytest -p no:randomly -m container tests/system

.PHONY: docker
docker:
	@docker info >/dev/null 2>&1 || { echo 'make: no Docker engine answers: start one, or set DOCKER_HOST' >&2; exit 1; }

##@ Help
.PHONY: help
help:  ## Print this list
	@awk 'BEGIN {FS = ":.*## *"} /^##@/ {print "\n" substr($$0, 5)} \
		/^[a-z-]+:.*##/ {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What numpydoc lints, and what shellcheck reads.
documented := $(wildcard service/softmax service/training service/scoring service/regions service/artifacts)
scripts := .ci/run deploy/copy-models tests/system/set-up.sh

# One lock from pyproject.toml: for every system and Python from 3.11 on, one version a package, no index named.
compile = $(bin)/uv pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) --output-file requirements-$(1).lock

# The stamps: a set-up is made again when its lock, the project's metadata or the interpreter changes.
# Locks name everything there is to install, so nothing is resolved: pip would take extras from newer releases.
.venv/bin/python:
	@[ -n "$(PYTHON)" ] || { echo 'make: no Python >= 3.11 that can make a venv: install python3 and python3-venv, or say PYTHON=/path/to/python' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo 'make: $(PYTHON) is not Python 3.11 or later: say PYTHON=/path/to/one' >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo 'make: $(PYTHON) cannot make a venv: install python3-venv, or say PYTHON=/path/to/python' >&2; exit 1; }

.venv/.serve: requirements-train.lock pyproject.toml | .venv/bin/python
	@echo 'make: installing what serving and training need into .venv'
	@$(pip) --no-deps --require-hashes --requirement $< || $(no_packages)
	@$(pip) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo 'make: installing what development needs into .venv'
	@$(pip) --no-deps --require-hashes --requirement $< || $(no_packages)
	@$(pip) --no-deps --no-build-isolation --editable .
	@touch $@ .venv/.serve
