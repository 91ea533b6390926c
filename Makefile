# vmstui: `make demo` shows it, `make test` tests it, `make install` installs it. Nothing but Python 3.11 and make is
# expected on the machine; everything else goes into .venv, in the versions of the lock files.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Root installs for everybody, others for themselves.
PREFIX ?= $(if $(filter 0,$(shell id -u)),/usr/local,$(HOME)/.local)

.PHONY: demo test lint format bench bench-capacity bench-supervision bench-dashboard install uninstall lock schema screenshots snapshots clean

demo: $(VENV)/runtime ## two simulated cameras, recorded and shown (CAMERAS=N SECONDS=S JSON=1)
	@$(BIN)/vmstui demo $(if $(CAMERAS),--cameras $(CAMERAS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(JSON),--json) $(ARGS)

test: $(VENV)/dev ## all tests; those that need a foreign program are skipped by name where it is missing
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

lint: $(VENV)/dev ## style, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev ## figures of docs/benchmarks.md
	$(BIN)/python -m tests.bench

bench-capacity: $(VENV)/dev ## does the projection of capacity come true? 7 minutes (ARGS="--cameras 5 --json FILE")
	$(BIN)/python -m tests.bench.bench_capacity $(ARGS)

bench-supervision: $(VENV)/dev ## vmstui beside supervisord, circus and pm2; 12 minutes (ARGS=--quick: 4), needs a C compiler
	$(BIN)/python -m tests.bench.bench_supervision $(ARGS)

bench-dashboard: $(VENV)/dev ## the dashboard beside btop, htop and mprocs; 4 minutes (ARGS="--only vmstui --json FILE"), needs npm
	$(BIN)/python -m tests.bench.bench_dashboard $(ARGS)

install: $(VENV)/runtime ## as a command of this user (of everybody when root); a running recorder: vmstui upgrade
	@PYTHON=$(PYTHON) PREFIX=$(PREFIX) config/install install

uninstall:
	@PREFIX=$(PREFIX) config/install uninstall

lock: $(VENV)/dev ## resolve the lock files anew from pyproject.toml
	$(PIP) install pip-tools
	$(BIN)/pip-compile $(LOCK_FLAGS) --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK_FLAGS) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

LOCK_FLAGS := --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --build-deps-for editable --build-deps-for wheel

screenshots: $(VENV)/dev ## the pictures of README and docs; two minutes (ARGS=NAME: one of them)
	$(BIN)/python -m tests.tui.screenshots docs/pictures $(ARGS)

snapshots: $(VENV)/dev ## what the tests expect on each screen; look at what changed before you believe it
	VMSTUI_WRITE_SNAPSHOTS=1 $(BIN)/python -m pytest -q -n 0 tests/tui/test_snapshots.py

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/python-ok:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "vmstui needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Another one: make PYTHON=python3.12 …" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); \
	  echo "this Python lacks its venv module (Debian and Ubuntu keep it apart); installing python3-venv" >&2; \
	  if [ "$$(id -u)" = 0 ]; then apt-get -qq update && apt-get -qq -y install python3-venv >/dev/null; \
	  elif sudo -n true 2>/dev/null; then sudo apt-get -qq update && sudo apt-get -qq -y install python3-venv >/dev/null; \
	  else echo "please run: sudo apt-get install python3-venv" >&2; exit 2; fi; \
	  $(PYTHON) -m venv $(VENV); }
	@touch $@

$(VENV)/runtime: $(VENV)/python-ok requirements.lock pyproject.toml
	@echo "setting up $(VENV) …" >&2
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements-dev.lock
	@echo "setting up $(VENV) for development …" >&2
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
