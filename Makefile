# Everything a newcomer needs: `make demo` and `make test`. Each sets itself up.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: help setup demo page ui test test-slow test-spark fuzz lint golden golden-messy docs bench bench-posts bench-features bench-batch bento lock clean bench-serve

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/ready  ## make .venv from the lock file; does nothing when nothing changed

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "creatorcast needs Python 3.11 or newer; set PYTHON=/path/to/python" >&2; exit 1; }
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) .venv && \
	  VIRTUAL_ENV=.venv uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock && \
	  VIRTUAL_ENV=.venv uv pip install --quiet --no-build-isolation --no-deps -e . ; \
	else \
	  $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "Python's venv module is missing: apt-get install python3-venv (or python3.11-venv)" >&2; exit 1; }; \
	  $(PYTHON) -m venv .venv && \
	  $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --no-build-isolation --no-deps -e . ; \
	fi
	@$(BIN)/python -c 'import lightgbm' || \
	  { echo "LightGBM needs the GNU OpenMP runtime: apt-get install libgomp1" >&2; exit 1; }
	@touch $@

demo: setup  ## simulate, train, promote, score a list, ask the service: the whole way in under 3 minutes
	$(BIN)/creatorcast demo

page: setup  ## the page at http://127.0.0.1:3000/, by the starter model until a model is promoted
	$(BIN)/creatorcast serve $(ARGS)

ui: setup  ## the runs and models of artifacts/ in MLflow's pages, on 127.0.0.1:5000
	$(BIN)/creatorcast ui $(ARGS)

cycle: setup  ## three months of a model whose market changes: serve, ledger, outcomes, watch, recalibrate, promote
	$(BIN)/creatorcast cycle

# the processes that the tests start import the same packages: they are compiled once, whatever the environment says
test: setup  ## the tests, two files at a time, some ten minutes on two cores
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder

test-slow: setup  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

test-spark: setup  ## the registered model as a function of Spark; installs pyspark (0.5 GB), needs Java 17 or newer
	$(BIN)/python -c 'import pyspark' 2>/dev/null || \
	  if command -v uv >/dev/null; then \
	    VIRTUAL_ENV=.venv uv pip install --quiet --require-hashes -r requirements-spark.lock; \
	  else \
	    $(BIN)/python -m pip install --quiet --require-hashes -r requirements-spark.lock; \
	  fi
	$(BIN)/python -m pytest tests/test_spark.py

fuzz: setup  ## schemathesis against a running service, the long run (takes minutes)
	$(BIN)/python -m pytest -m slow -s tests/test_openapi.py

lint: setup  ## ruff (format and rules) and mypy (types)
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

golden: setup  ## tests/golden_features.json, after FEATURES_VERSION was raised
	$(BIN)/python tests/test_features_version.py

golden-messy: setup  ## tests/messy_read_rightly.json, after a reader was meant to read one of them otherwise
	$(BIN)/python tests/test_messy_golden.py

docs: setup  ## docs/columns.md, from the code
	$(BIN)/python -c 'from features.derive.catalog import columns_markdown; print(columns_markdown(), end="")' > docs/columns.md

# the commit whose speed `make bench` measures beside this one.
BASE ?= 76ced9f

bench: setup  ## all figures of speed beside those of the commit BASE, written to docs/speed.md (an hour on a quiet machine)
	$(BIN)/python benchmarks/bench.py --base $(BASE) $(ARGS)

bench-posts: setup  ## the features of 100 million posts, which do not fit in memory; ARGS="--json FILE" for make bench (takes an hour)
	$(BIN)/python benchmarks/features_out_of_core.py $(ARGS)

bench-features: setup  ## features against pandas at 10 million posts, and of one request (takes minutes)
	$(BIN)/python benchmarks/features_scale.py
	$(BIN)/python benchmarks/features_request.py

bench-batch: setup  ## batch scoring against the bare trees at a million rows (takes an hour)
	$(BIN)/python benchmarks/batch_bench.py $(ARGS)

bench-serve: setup  ## the service beside MLflow's server and a straightforward one, all in one run (takes minutes)
	$(BIN)/python benchmarks/serve_bench.py $(ARGS)

bento: setup  ## the service as a Bento: code and pinned packages, no model (docs/deploy.md)
	BENTOML_DO_NOT_TRACK=True $(BIN)/bentoml build .

lock:  ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --upgrade --extra dev pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --constraint requirements.lock requirements-service.in --output-file requirements-service.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --constraint requirements.lock requirements-spark.in --output-file requirements-spark.lock

clean:  ## remove what the demo and the tests made
	rm -rf artifacts cycle demo .pytest_cache .ruff_cache .mypy_cache .hypothesis .schemathesis
