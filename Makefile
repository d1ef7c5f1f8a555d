# Two commands do all the set-up: `make demo` and `make test`. Both can be run again; what is there already is kept.

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo demo-data serve test check bench setup lock clean
help:  ## show the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: demo-data  ## load the Meuse data, make its maps, print the report and serve http://127.0.0.1:8000
	$(BIN)/edaphos serve

demo-data: setup  ## the same without serving
	$(BIN)/edaphos demo

serve: setup  ## serve what is loaded
	$(BIN)/edaphos serve

test: setup-dev  ## run all tests, against a real PostGIS and a real browser
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

check: setup-dev  ## style, types and walls between the rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm run --silent check

bench: setup-dev $(VENV)/.bench  ## the speeds we claim, as ratios in one run
	$(BIN)/python -m benchmarks $(ARGS)

setup: system $(VENV)/.installed app/client/vendor/.installed
setup-dev: setup browser $(VENV)/.installed-dev

# What the system has to offer: installed with apt where that is allowed, else named in one sentence.
.PHONY: system browser setup-dev
system:
	@sh scripts/system.sh venv postgis node

browser:
	@sh scripts/system.sh chromium gdal

$(VENV)/bin/python: | system
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

app/client/vendor/.installed: package.json package-lock.json | system
	npm ci --silent --no-audit --no-fund
	npm run --silent vendor
	@touch $@

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
lock:  ## choose the newest versions of what we depend on, and write them down with their hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --upgrade --extra build --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --upgrade --extra build --extra dev --constraint requirements.txt --output-file requirements-dev.txt
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --upgrade --extra build --extra bench --constraint requirements-dev.txt --output-file requirements-bench.txt

clean:  ## remove what was installed and built; the data folder var/ stays
	rm -rf $(VENV) node_modules app/client/vendor build dist *.egg-info
