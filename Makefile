# Thin on purpose: what each target does stands in .ci/.
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test cover faults check fix audit bench screenshots

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## install what running needs; the second time it does nothing
	@$(PYTHON) .ci/setup.py

setup-test: ## install what tests and checks need as well
	@$(PYTHON) .ci/setup.py --test

run: setup ## serve on this machine (PORT=8000); TLS=1 serves phones on the school's network too
	@exec $(VENV_PYTHON) .ci/serve.py

test: setup-test ## the suite on PostgreSQL and Redis, then on SQLite; ARGS="…" goes to pytest
	@$(VENV_PYTHON) .ci/test.py $(ARGS)

cover: setup-test ## the branches of what guards the data: all of them, or it fails
	@$(VENV_PYTHON) .ci/test.py --cover

faults: setup-test ## the second stage: tests that kill processes, need real time or take long
	@$(VENV_PYTHON) .ci/test.py --faults $(ARGS)

check: setup-test ## lint, format, templates, imports, types, migrations
	@$(VENV_PYTHON) .ci/check.py

fix: setup-test ## put right what can be put right by itself
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

audit: setup-test ## ask whether a package of the lock files has a known hole; needs the network, unknown is red
	@$(VENV_PYTHON) .ci/audit.py

rehearse: setup-test ## as root: the image's own commands on this machine, without Docker (some minutes)
	@$(VENV_PYTHON) .ci/rehearse.py

bench: setup-test ## measure (benchmarks/)
	@$(VENV_PYTHON) -m benchmarks $(ARGS)

screenshots: setup-test ## pictures of every page × role × size into var/screenshots; ONLY=docs, ONLY=counsellor
	@$(VENV_PYTHON) .ci/screenshots.py $(ARGS)
