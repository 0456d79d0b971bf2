# Everything a fresh machine needs is installed by these targets; nothing is to be installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# pip writes warnings about its index that are not ours to mend; errors still show.
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

NION := .venv-nion
NION_STAMP := $(NION)/.installed
NION_PIP := $(NION)/bin/python -m pip --disable-pip-version-check -q

PEERS := .venv-peers
PEERS_STAMP := $(PEERS)/.installed
PEERS_PIP := $(PEERS)/bin/python -m pip --disable-pip-version-check -q

.PHONY: demo test lint docs bench clean nion-env nion-server nion-demo peers-env

demo: $(STAMP)
	$(BIN)/stemline demo

test: $(STAMP)
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p stemline
	$(BIN)/lint-imports

docs: $(STAMP)
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/html

bench: $(STAMP)
	$(BIN)/stemline bench

# Nion Swift and its simulator are GPL-3: they live in an environment and a process of their own.
nion-env: $(NION_STAMP)

nion-server: $(NION_STAMP)
	$(NION)/bin/python -m stemline.devices.instruments.nion_server --token-file nion-token

nion-demo: $(STAMP) $(NION_STAMP)
	$(NION)/bin/python -m stemline.devices.instruments.nion_server --token-file nion-token -- \
	  $(BIN)/stemline demo examples/nion.yml --figure stemline-nion-demo.png

# Simulators of detectors by others, which tests run in processes of their own.
peers-env: $(PEERS_STAMP)

clean:
	rm -rf $(VENV) $(NION) $(PEERS) build dist docs/_build stemline-data stemline-demo.png nion-data nion-token stemline-nion-data stemline-nion-demo.png *.egg-info src/*.egg-info

$(STAMP): pyproject.toml constraints.txt
	@echo "Installing stemline and what it needs into $(VENV) (some minutes on a fresh machine) ..."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt --upgrade pip "setuptools>=77"
	$(PIP) install -c constraints.txt -e ".[dev]"
	touch $@

$(NION_STAMP): constraints-nion.txt
	@echo "Installing Nion Swift and its simulator into $(NION) (half a minute) ..."
	test -x $(NION)/bin/python || $(PYTHON) -m venv $(NION)
	$(NION_PIP) install -c constraints-nion.txt --upgrade pip "setuptools>=77"
	$(NION_PIP) install -c constraints-nion.txt -r requirements-nion.txt
	$(NION_PIP) install --no-deps -e .
	touch $@

$(PEERS_STAMP): constraints-peers.txt
	@echo "Installing LiberTEM-live, for its simulator of Merlin, into $(PEERS) ..."
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS_PIP) install -c constraints-peers.txt --upgrade pip "setuptools>=77"
	$(PEERS_PIP) install -c constraints-peers.txt "libertem-live>=0.3,<0.4"
	touch $@
