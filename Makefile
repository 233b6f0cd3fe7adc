# Every chore in one line. On a fresh machine only git, make and Python >= 3.11 are needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# A district is several processes, and the tests start hundreds: each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE
export HAIHE_HOME ?= $(CURDIR)/haihe-data

.PHONY: help setup assets demo up test test-all test-postgres lint types wheel docs pictures clean

help:            ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "安装依赖 installing dependencies …"
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $(STAMP)

setup: $(STAMP) assets    ## virtual environment, dependencies, front-end files

assets: $(STAMP)          ## front-end files from npm into web/static/vendor
	@$(BIN)/python tools/assets.py

demo: setup               ## build and serve the fictional district on http://127.0.0.1:8000
	@HAIHE_HOME=$(CURDIR)/demo-data $(BIN)/haihe demo

up: setup                 ## run your own district
	@$(BIN)/haihe up

test: setup               ## tests, lint and type check (at most ten minutes on two cores)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n 3 --dist loadgroup -m "not all"

test-all: setup           ## also the long proofs, and the suite on PostgreSQL (Debian: apt-get install postgresql nats-server)
	@$(BIN)/python -m pytest -n 3 --dist loadgroup

	@$(MAKE) test-postgres

test-postgres: setup      ## the whole suite on a PostgreSQL of its own (Debian: apt-get install postgresql)
	@$(BIN)/python -m haihe.testing.postgres -- $(BIN)/python -m pytest -n 3 --dist loadgroup -m "not all"

lint: $(STAMP)            ## fix what can be fixed
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

types: $(STAMP)           ## type check
	@$(BIN)/mypy

wheel: setup              ## the wheel that runs a district without Node
	@$(BIN)/python -m build --wheel --outdir dist

docs: setup               ## regenerate docs/reference from where things are declared
	@$(BIN)/python tools/reference.py

pictures: setup           ## photograph the demo's pages into docs/pictures (needs chromium)
	@$(BIN)/python tools/pictures.py

clean:                    ## everything that can be made again
	rm -rf $(VENV) node_modules dist build .mypy_cache .ruff_cache .pytest_cache src/haihe/web/static/vendor
