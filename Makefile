# Two commands matter: `make demo` and `make test`. Both set everything up from a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKSPACE ?= workspace
PORT ?= 8501

.PHONY: demo test setup check bench soak licences audit lock model screenshots clean
.DEFAULT_GOAL := demo

demo: $(VENV)/installed  ## the sample marketplace, end to end, then the dashboard
	$(BIN)/mmquality demo -w $(WORKSPACE) --port $(PORT)

test: $(VENV)/installed-dev  ## the whole test suite, offline
	$(BIN)/python -m pytest -n auto --dist loadfile

setup: $(VENV)/installed-dev  ## the environment alone

check: $(VENV)/installed-dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

BENCHED := $(if $(LISTINGS),--listings $(LISTINGS),--short)
bench: $(VENV)/installed-dev  ## the benchmarks: short ones, or LISTINGS=folder of catalogues for those of the docs
	scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && for one in encoding mismatch comparison small ablation recall_filter experiments health; do \
	  $(BIN)/python benchmarks/$$one.py $(BENCHED) --workspaces "$$scratch" || exit; done
	for one in dashboard neighbours arrivals watching speed speed_training memory label_queue label_export importing crashes recall_service trust; do \
	  $(BIN)/python benchmarks/$$one.py $(if $(LISTINGS),,--short) || exit; done

soak: $(VENV)/installed-dev  ## twenty analysts for ten minutes, five hundred kills, twenty thousand damaged files
	$(BIN)/python benchmarks/soak.py
	$(BIN)/python benchmarks/crashes.py
	$(BIN)/python benchmarks/trust.py

licences: $(VENV)/installed-dev  ## docs/licences.md, from what is installed
	$(BIN)/python docs/licences.py

audit: $(VENV)/installed-dev  ## known vulnerabilities of what is installed; asks PyPI, so it needs the network
	$(BIN)/pip-audit --skip-editable --desc off

lock: $(VENV)/bin/python  ## requirements.lock: hashes of the wheels that are the same everywhere
	$(BIN)/python .ci/lock.py

model: $(VENV)/installed  ## train the shipped checkpoint anew and write its model card
	$(BIN)/python models/make.py

screenshots: $(VENV)/installed-dev  ## the README's pictures, of a sample marketplace of their own
	$(BIN)/python docs/images/take.py $(VENV)/pictures

clean:  ## everything that was made here, the workspace excepted
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(if $(LOCKED),$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -e .
	touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
