# Every habit of the project. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
NAME ?= listings-sync

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test bench lint types fmt migration docs lock clean

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/run.stamp: requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.venv/iused.stamp: pyproject.toml .venv/run.stamp
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: .venv/run.stamp .venv/iused.stamp ## Install what the product needs, build assets and translations
	@$(BIN)/python -m app.web.assets
	@$(BIN)/python -m app.i18n compile

setup-dev: setup .venv/dev.stamp ## Install what development and tests need as well

demo: setup ## Start everything on http://127.0.0.1:$${PORT:-8000}; Ctrl-C stops all of it
	@exec $(BIN)/python -m app.demo.up

test: setup-dev ## All tests, on real PostgreSQL and Valkey
	@$(BIN)/python -m pytest -n auto -q

.venv/bench.stamp: requirements-bench.lock .venv/dev.stamp
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

bench: setup-dev .venv/bench.stamp ## A measurement against a peer: make bench NAME=listings-sync (million, offers-100k, offers-again, order-page, orders-export, orders-in, orders-list, poll, reprice, search, webhook)
	@$(BIN)/python -m bench $(NAME)

lint: setup-dev ## ruff, import arrows
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

types: setup-dev ## mypy --strict over everything
	@$(BIN)/mypy

fmt: setup-dev ## Format and mend what can be mended
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format .

migration: setup-dev ## Write a migration from the models: make migration NAME=0002_what_it_does
	@$(BIN)/iused db revision --autogenerate --rev-id $(firstword $(subst _, ,$(NAME))) -m "$(NAME)"

docs: setup ## Write the settings table of docs/operations.md from the settings object
	@$(BIN)/python -m app.demo.docs

lock: ## Resolve the dependencies anew (needs uv)
	@uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements.lock
	@uv pip compile pyproject.toml --extra dev --extra bench --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements-bench.lock
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements-dev.lock

clean: ## Remove what demo and tests left behind (the demo's data too)
	@rm -rf var app/static/vendor .mypy_cache .ruff_cache .pytest_cache
