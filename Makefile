# Everything runs in the virtual environment $(VENV), which `make` builds when it is needed.
# Another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV ?= .venv
SECONDS ?= 60
# test processes; each may use the compiled kernels' own threads
WORKERS ?= 2

RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check
INSTALLED := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.development

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-all fuzz docs lint types clean

help:
	@echo "make demo      install everything into $(VENV) and run the main job end to end"
	@echo "make test      install what is needed and run the tests, without the slow ones"
	@echo "make test-all  all tests"
	@echo "make fuzz      random problems, engine against engine, for SECONDS=$(SECONDS)"
	@echo "make docs      write docs/theory.md again from docs/derivations and the catalogue"
	@echo "make lint      ruff: style and formatting"
	@echo "make types     mypy --strict on the package"
	@echo "make venv      only the virtual environment"
	@echo "make clean     remove the environment and everything built"

venv: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "superproof: no '$(PYTHON)' found; install Python 3.11 or later, or name yours:" \
	    "make $(or $(MAKECMDGOALS),venv) PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "superproof: Python 3.11 or later is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1);" \
	    "name another: make $(or $(MAKECMDGOALS),venv) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@# torch by itself first: later steps then find their range satisfied
	$(PIP) install --quiet --constraint constraints.txt torch
	$(PIP) install --quiet --constraint constraints.txt --editable '.[experiments,test]'
	@touch $@

$(DEVELOPMENT): $(INSTALLED)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(INSTALLED)
	$(VENV)/bin/superproof demo

test: $(INSTALLED)
	$(RUN) -m pytest -n $(WORKERS) --dist loadscope -m "not slow"

test-all: $(INSTALLED)
	$(RUN) -m pytest -n $(WORKERS) --dist loadscope

fuzz: $(INSTALLED)
	$(RUN) -m tests.fuzz --seconds $(SECONDS)

docs: $(INSTALLED)
	$(RUN) -m superproof.theory.page

lint: $(DEVELOPMENT)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

# The rooms become one package only when installed; for mypy they are linked into one folder.
types: $(DEVELOPMENT)
	@rm -rf build/types && mkdir -p build/types/superproof
	@ln -s $(CURDIR)/superproof/* build/types/superproof/
	@for room in theory verify constructions empirics; do \
	  ln -s $(CURDIR)/$$room build/types/superproof/$$room; done
	cd build/types && $(abspath $(RUN)) -m mypy --config-file $(CURDIR)/pyproject.toml -p superproof

clean:
	rm -rf $(VENV) build dist out *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
