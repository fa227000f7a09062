# Needs Python 3.11-3.14, make and git; everything else goes into .venv, from hash-checked lists.
# pip asks whatever index this computer is set up with. Another Python: make demo PYTHON=/opt/python/bin/python3

.POSIX:
.PHONY: help demo test soak bench check lock clean

VENV = .venv
PIP = $(VENV)/bin/python -m pip -qq --disable-pip-version-check --no-input
PYTHON =

help:
	@echo 'make demo    show Houfeng at work on recorded earthquakes, at http://127.0.0.1:8080 (Ctrl-C ends it)'
	@echo 'make test    run the tests'
	@echo 'make check   style, types and spelling (ruff, mypy, typos)'
	@echo 'make soak    run the long campaigns: kills, load (hours)'
	@echo 'make bench   measure speed against other implementations'
	@echo 'make lock    write the lists of dependencies after pyproject.toml has changed (needs uv)'
	@echo 'make clean   remove the virtual environment and everything built'

demo: $(VENV)/.installed
	@exec $(VENV)/bin/houfeng demo $(DEMO)

test: $(VENV)/.installed-dev
	@exec $(VENV)/bin/python -m pytest

soak: $(VENV)/.installed-dev
	@exec $(VENV)/bin/python -m pytest -m soak

bench: $(VENV)/.installed-dev
	@exec $(VENV)/bin/python -m pytest -m bench

check: $(VENV)/.installed-dev
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/mypy
	@$(VENV)/bin/typos

$(VENV)/.installed: $(VENV)/bin/python requirements.txt pyproject.toml
	@echo 'Installing what Houfeng needs into $(VENV): about 420 MB, once ...'
	@$(PIP) install --no-compile --require-hashes -r requirements.txt
	@$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo 'Adding what the tests need: about 170 MB, once ...'
	@$(PIP) install --no-compile --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/bin/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || continue; \
	  found=$$python; \
	  $$python -c 'import ensurepip, venv' 2>/dev/null || continue; \
	  echo "Making the virtual environment $(VENV) with $$($$python --version)"; \
	  rm -rf $(VENV); \
	  $$python -m venv $(VENV) && exit 0; \
	  rm -rf $(VENV); exit 1; \
	done; \
	if [ -n "$$found" ]; \
	then echo "$$found cannot make virtual environments: install its venv module (Debian: apt install python3-venv)"; \
	else echo 'Python 3.11, 3.12, 3.13 or 3.14 is needed, and none was found; name one with make PYTHON=/path/to/python3'; \
	fi >&2; exit 1

lock:
	@uv lock --quiet
	@uv export --quiet --no-dev --group build --no-emit-project --output-file requirements.txt >/dev/null
	@uv export --quiet --all-groups --all-extras --no-emit-project --output-file requirements-dev.txt >/dev/null

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
