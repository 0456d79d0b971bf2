# Everything a fresh machine needs is installed by these targets; nothing is to be installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# pip writes warnings about its index that are not ours to mend; errors still show.
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test lint docs bench clean

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

clean:
	rm -rf $(VENV) build dist docs/_build stemline-data stemline-demo.png *.egg-info src/*.egg-info

$(STAMP): pyproject.toml constraints.txt
	@echo "Installing stemline and what it needs into $(VENV) (some minutes on a fresh machine) ..."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt --upgrade pip "setuptools>=77"
	$(PIP) install -c constraints.txt -e ".[dev]"
	touch $@
