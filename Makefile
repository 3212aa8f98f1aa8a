# `make` lists the targets. Each one sets up what it needs by itself.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
FEAST := $(VENV)/feast
TRITON := $(VENV)/triton
AIRFLOW := $(VENV)/airflow
ENV ?= local
PORT ?= 3000
BENCHES := startup features tuning gpu access journal matured experiments online_features \
  explain explain_choice backup
NO_UPDATE_CHECK := jupyterlab.handlers.announcements.NeverCheckForUpdate

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | \
	  awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(VENV)/ready ## Install, simulate a company and take its data to a released model
	@$(BIN)/kedro run --pipelines simulate,__default__
	@$(BIN)/kedro churn summary

test: $(VENV)/ready-dev $(FEAST)/ready $(TRITON)/ready $(AIRFLOW)/ready ## Run all tests
	@$(BIN)/python -m pytest --cov --cov-report=
	@$(FEAST)/bin/python -m pytest -m feast --cov --cov-append --cov-report= \
	  --cov-fail-under=90

lint: $(VENV)/ready-dev ## Check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

serve: $(VENV)/ready ## Answer predictions over HTTP (PORT=3000, ENV=data set)
	@$(BIN)/python -m churn_pipeline.serving --port $(PORT) --env $(ENV)

feature-store: $(FEAST)/ready data-set ## Fill the store of features by customer id (ENV=data set)
	@$(FEAST)/bin/python -m kedro run --env $(ENV) --pipelines feature_store

lab: $(VENV)/ready data-set ## Open the notebooks in JupyterLab (ENV=data set)
	@$(BIN)/kedro jupyter lab --env $(ENV) --ServerApp.root_dir=. --log-level=WARN \
	  --LabApp.default_url=/lab/tree/notebooks/1.0-explore.ipynb --LabApp.news_url= \
	  --LabApp.check_for_updates_class=$(NO_UPDATE_CHECK)

viz: $(VENV)/ready data-set ## Look at pipelines, data and plots in the browser (ENV=data set)
	@PYTHONWARNINGS=ignore $(BIN)/kedro viz run --env $(ENV)

mlflow: $(VENV)/ready ## Look at runs and the model registry in the browser
	@$(BIN)/kedro mlflow ui

bench: $(VENV)/ready-dev ## Measure speed against named peers, after `make run` (an hour)
	@model=$$(ls -d data/06_models/company/released/* 2>/dev/null | tail -1); \
	test -n "$$model" || { echo "expected a model to measure, found none: make run" >&2; exit 1; }; \
	for script in $(BENCHES); do \
	  PYTHONPATH=$(CURDIR) $(BIN)/python benchmarks/$$script.py || exit 1; done; \
	for script in serving serving_batch serving_overload; do \
	  $(BIN)/python benchmarks/$$script.py $$model || exit 1; done

bench-quality: $(VENV)/ready-bench ## Measure the net's quality against named peers (hours, resumable)
	@$(BIN)/python -m benchmarks.quality

lock: ## Write requirements.lock from pyproject.toml, in a clean environment
	@rm -rf build/lock && $(PYTHON) -m venv build/lock
	@build/lock/bin/pip install --quiet -e '.[dev,spark,postgres,redis,s3,grpc,bench]'
	@{ echo "# Exact versions of everything, extras included; pip takes them with -c."; \
	  build/lock/bin/pip freeze --exclude-editable | sed -E 's/\+cpu$$//'; \
	} > requirements.lock
	@rm -rf build/lock

data-set:
	@test -d conf/$(ENV) || { \
	  echo "no data set is called '$(ENV)': expected ENV=NAME of a folder in conf/" >&2; \
	  exit 1; }

$(VENV)/ready: pyproject.toml requirements.lock
	@echo "installing into $(VENV) (about 3 minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check -c requirements.lock -e .
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	@echo "installing what tests and checks need"
	@$(BIN)/pip install -qq --disable-pip-version-check -c requirements.lock \
	  -e '.[dev,spark,postgres,redis,s3,grpc]'
	@touch $@

# Feast slows every import of MLflow where it is installed and wants older versions of
# two packages: it has what the project has, and itself beside that.
$(FEAST)/ready: $(VENV)/ready requirements-feast.lock
	@echo "installing Feast into $(FEAST)"
	@$(BIN)/python -m venv $(FEAST)
	@$(BIN)/python -c "import site; print(site.getsitepackages()[0])" \
	  > $$($(FEAST)/bin/python -c "import site; print(site.getsitepackages()[0])")/project.pth
	@$(FEAST)/bin/pip install -qq --disable-pip-version-check \
	  -c requirements-feast.lock -e '.[feast]'
	@touch $@

# Triton's client wants older versions of three packages than the service has.
$(TRITON)/ready: requirements-triton.lock
	@echo "installing Triton's client into $(TRITON)"
	@$(PYTHON) -m venv $(TRITON)
	@$(TRITON)/bin/pip install -qq --disable-pip-version-check -r requirements-triton.lock
	@touch $@

# Airflow runs the project's own `kedro`, and shares no package with it.
$(AIRFLOW)/ready: requirements-airflow.lock
	@echo "installing Airflow into $(AIRFLOW) (about a minute)"
	@$(PYTHON) -m venv $(AIRFLOW)
	@$(AIRFLOW)/bin/pip install -qq --disable-pip-version-check -r requirements-airflow.lock
	@touch $@

$(VENV)/ready-bench: $(VENV)/ready
	@echo "installing the peers of benchmarks/quality"
	@$(BIN)/pip install -qq --disable-pip-version-check -c requirements.lock -e '.[bench]'
	@touch $@

.PHONY: help run test lint serve feature-store lab viz mlflow bench bench-quality lock data-set
