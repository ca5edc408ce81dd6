# Everything people run. `make help` lists the targets; variables are passed through: make refresh CUSTOMERS=my.csv

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
WAREHOUSE ?= data/warehouse
CUSTOMERS_N ?= 2000
SAMPLE ?= data/sample_customers.csv
BENCH ?= kmeans kmeans12 ward ward-growth refresh growth transactions
export CUSTOMERS MAPPING TRANSACTIONS STOCK RESULTS WAREHOUSE SEGMENTATIONS PLAYBOOK K REPORT HOST PORT WORKERS SERVE_MEMORY FORCE MAX_REJECTED MAX_SHRINK KEEP_VERSIONS MEMORY_LIMIT ENGINE SPARK_MASTER ID ALLOW_EDIT ALLOW_SQL ALERTS_FILE ALERTS_WEBHOOK EXPECTED_AGE USERS USER_HEADER TRUSTED_PROXY ACCESS SMALLEST_CELL NAME DESCRIPTION BY

APP := $(VENV)/.app
DEV := $(VENV)/.dev
FETCH := $(VENV)/.fetch
RIVALS := $(VENV)/.bench
SPARK := $(VENV)/.spark
CROWD := $(VENV)/load/.done

# uv where it is on PATH, pip otherwise; the pins are the same.
ifneq ($(shell command -v uv),)
PIP_INSTALL = uv pip install --quiet --python $(BIN)/python --constraints constraints.txt
else
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
endif
INSTALL = $(PIP_INSTALL) --editable

.PHONY: help refresh dashboard serve report sql rollback versions label forget user audit test test-spark bench bench-spark bench-dashboard load soak check format dictionary sample data browser clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

refresh: $(APP) $(if $(filter spark,$(ENGINE)),$(SPARK)) ## Load customers, find segments, check and publish (CUSTOMERS=path TRANSACTIONS=path MAPPING=path SEGMENTATIONS=path K=5 WAREHOUSE=dir ALERTS_FILE=path FORCE=1)
	@$(BIN)/python -m etl.refresh

dashboard: $(APP) ## Serve the dashboard on 127.0.0.1:8050, after a first refresh where there is none (HOST= PORT= ALLOW_EDIT=1 ALLOW_SQL=0)
	@test -e "$(WAREHOUSE)/current.duckdb" || $(BIN)/python -m etl.refresh
	@$(BIN)/python -m dashboard

serve: $(APP) ## Serve the dashboard to many, in processes that mend themselves (HOST= PORT= WORKERS=2 SERVE_MEMORY=2GB ALLOW_SQL=1)
	@$(BIN)/python -m dashboard.serve

report: $(APP) ## Write pictures and one HTML page to data/report (REPORT=dir)
	@test -e "$(WAREHOUSE)/current.duckdb" || $(BIN)/python -m etl.refresh
	@$(BIN)/python -m dashboard.report

sql: $(APP) ## Open the duckdb client on the published warehouse, or on VERSION=12 of it, read-only
	@test -e "$(WAREHOUSE)/current.duckdb" || { echo "sql: no warehouse in $(WAREHOUSE); run make refresh first" >&2; exit 2; }
	@test -z "$(VERSION)" -o -e "$(WAREHOUSE)/v$(VERSION).duckdb" || { echo "sql: version $(VERSION) is not kept in $(WAREHOUSE); make versions lists those that are" >&2; exit 2; }
	@$(BIN)/duckdb -readonly "$$(readlink -f "$(WAREHOUSE)/$(if $(VERSION),v$(VERSION),current).duckdb")"

rollback: $(APP) ## Return to the version before, or to VERSION=12, at once
	@$(BIN)/python -m warehouse.rollback $(if $(VERSION),--version "$(VERSION)")

versions: $(APP) ## List the versions on disk: customers, runs, sizes
	@$(BIN)/python -m warehouse.kept

# Only what stands on the command line counts: a shell may have a NAME of its own, and an empty one takes a name back.
said = $(if $(findstring command,$(origin $(1))),$(2))

label: $(APP) ## Name a segment (SEGMENTATION_NAME=spending SEGMENT=3 NAME="..." DESCRIPTION="..." BY=...), or list them
	@$(BIN)/python -m warehouse.label $(if $(SEGMENTATION_NAME),--segmentation "$(SEGMENTATION_NAME)") \
		$(if $(ALGORITHM),--algorithm "$(ALGORITHM)") $(if $(SEGMENT),--segment "$(SEGMENT)") \
		$(call said,NAME,--name "$$NAME") $(call said,DESCRIPTION,--description "$$DESCRIPTION") $(call said,BY,--by "$$BY")

forget: $(APP) ## Erase a customer from every version (ID=...; UNDO=1 lets them be loaded again)
	@$(BIN)/python -m warehouse.forget --id="$$ID" $(if $(UNDO),--undo)

user: $(APP) ## Say who may enter the dashboard (USERS=users.toml NAME=anna ROLE=viewer|analyst|editor; ROLE=none: not any more)
	@$(BIN)/python -m dashboard.access.user --name="$$NAME" --role="$(ROLE)"

audit: $(APP) ## Write who entered, asked, exported and edited what, as CSV (SINCE=2026-11-01)
	@$(BIN)/python -m dashboard.access.audit $(if $(SINCE),--since "$(SINCE)")

sample: $(APP) ## Write synthetic customers (CUSTOMERS_N=2000 SAMPLE=data/sample_customers.csv SAMPLE_TRANSACTIONS=path SAMPLE_STOCK=path SAMPLE_RESULTS=path)
	@$(BIN)/python -m etl.write_sample --customers-n $(CUSTOMERS_N) --output $(SAMPLE) $(if $(SAMPLE_TRANSACTIONS),--transactions $(SAMPLE_TRANSACTIONS)) \
		$(if $(SAMPLE_STOCK),--stock $(SAMPLE_STOCK)) $(if $(SAMPLE_RESULTS),--results $(SAMPLE_RESULTS))

data: $(FETCH) ## Fetch the Kaggle file to data/Mall_Customers.csv
	@$(BIN)/python -m etl.fetch

test: $(DEV) browser ## Run every test, the browser's included
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses auto --dist loadgroup

test-spark: $(DEV) $(SPARK) ## Run the tests of ENGINE=spark on a cluster of this machine's own (needs Java 17 or newer)
	@java -version >/dev/null 2>&1 || { echo "test-spark: there is no Java; install version 17 or newer" >&2; exit 2; }
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest tests/spark -m "not soak"

bench: $(RIVALS) ## Measure against what people use instead (BENCH=kmeans BENCH_CUSTOMERS=100000 BENCH_LINES=1500000 BENCH_MEMORY=3GB)
ifneq ($(filter-out transactions,$(BENCH)),)
	@$(BIN)/python -m tests.benchmarks.clustering $(filter-out transactions,$(BENCH)) $(if $(BENCH_CUSTOMERS),--customers $(BENCH_CUSTOMERS)) \
		$(if $(BENCH_MEMORY),--memory-limit $(BENCH_MEMORY)) $(if $(BENCH_RESULTS),--results $(BENCH_RESULTS))
endif
ifneq ($(filter transactions,$(BENCH)),)
	@$(BIN)/python -m tests.benchmarks.transactions $(if $(BENCH_LINES),--lines $(BENCH_LINES)) \
		$(if $(BENCH_MEMORY),--memory-limit $(BENCH_MEMORY)) $(if $(BENCH_RESULTS),--results $(BENCH_RESULTS))
endif

bench-dashboard: $(DEV) browser ## Measure the Explore page in a browser (BENCH_CUSTOMERS=100000 BENCH_WAREHOUSES="dir dir" BENCH_ROUNDS=5)
	@$(BIN)/python -m tests.benchmarks.dashboard $(if $(BENCH_CUSTOMERS),--customers $(BENCH_CUSTOMERS)) \
		$(foreach directory,$(BENCH_WAREHOUSES),--warehouse $(directory)) $(if $(BENCH_ROUNDS),--rounds $(BENCH_ROUNDS)) \
		$(if $(BENCH_MEMORY),--memory-limit $(BENCH_MEMORY)) $(if $(BENCH_RESULTS),--results $(BENCH_RESULTS))

bench-spark: $(DEV) $(SPARK) ## Measure refreshes on Spark against DuckDB's (BENCH_CUSTOMERS=100000)
	@$(BIN)/python -m tests.benchmarks.spark $(if $(BENCH_CUSTOMERS),--customers $(BENCH_CUSTOMERS)) \
		$(if $(BENCH_RESULTS),--results $(BENCH_RESULTS))

load: $(DEV) $(CROWD) ## Let 50 and 200 people at make serve while refreshes publish (LOAD_PEOPLE="50 200" LOAD_SECONDS=180 LOAD_CUSTOMERS=100000)
	@$(BIN)/python -m tests.benchmarks.load --locust $(VENV)/load/bin/locust $(if $(LOAD_PEOPLE),--people $(LOAD_PEOPLE)) \
		$(if $(LOAD_SECONDS),--seconds $(LOAD_SECONDS)) $(if $(LOAD_CUSTOMERS),--customers $(LOAD_CUSTOMERS)) \
		$(if $(BENCH_RESULTS),--results $(BENCH_RESULTS))

soak: $(DEV) ## Run the long tests: hundreds of kills, full disks, broken files and attacks, thousands of posts, with their figures
	@$(BIN)/python -m pytest -m soak -s

check: $(DEV) ## Format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV) ## Format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

dictionary: $(APP) ## Write the data dictionary and the list of recipes in warehouse/README.md
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		$(BIN)/python -m etl.refresh --customers etl/sample_customers.csv --transactions etl/sample_transactions.parquet \
			--stock etl/sample_stock.csv --results etl/sample_results.parquet --warehouse "$$folder" >/dev/null && \
		WAREHOUSE="$$folder" $(BIN)/python -m warehouse.dictionary

clean: ## Remove the environment and caches; data/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache *.egg-info

$(CROWD): tests/benchmarks/load_requirements.txt | $(BIN)/python
	@echo "Installing what plays the people (once) ..."
ifneq ($(shell command -v uv),)
	@uv venv --quiet --allow-existing $(VENV)/load && uv pip install --quiet --python $(VENV)/load/bin/python --requirement $<
else
	@$(PYTHON) -m venv $(VENV)/load && $(VENV)/load/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
endif
	@touch $@

browser:
	@tests/install_browser

$(BIN)/python:
ifneq ($(shell command -v uv),)
	@uv venv --quiet $(VENV)
else
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python 3.11 or newer is needed; name one with PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
endif

$(APP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV) (once) ..."
	@$(INSTALL) .
	@touch $@

$(DEV): $(APP)
	@echo "Installing what tests and checks need (once) ..."
	@$(INSTALL) '.[test,check]'
	@$(PIP_INSTALL) --no-deps --upgrade --target $(VENV)/axe axe-playwright-python  # for axe-core; Playwright is not needed
	@touch $@

$(FETCH): $(APP)
	@$(INSTALL) '.[data]'
	@touch $@

$(SPARK): $(APP)
	@echo "Installing what ENGINE=spark needs (once, 500 MB) ..."
	@$(INSTALL) '.[spark]'
	@touch $@

$(RIVALS): $(APP)
	@echo "Installing what is measured against (once) ..."
	@$(INSTALL) '.[bench]' && touch $@ || echo "bench: what could not be installed is left out of the tables"
