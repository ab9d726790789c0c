# Thin: everything is in scripts/dev.py, which runs where there is no make. Examples:
#   make demo                         make demo TORCH=cpu
#   make demo MNIST=1                 make test ARGS="tests/core -x"
PYTHON ?= python3
ARGS ?=

.PHONY: help demo test lint docs wheel oldest install clean
help:
	@$(PYTHON) scripts/dev.py --help
demo test lint docs wheel oldest install:
	@TORCH="$(TORCH)" MNIST="$(MNIST)" $(PYTHON) scripts/dev.py $@ $(ARGS)

# Leaves runs/ (your results) and .venv alone.
clean:
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis
	find src tests scripts bench examples -name __pycache__ -type d -prune -exec rm -rf {} +
