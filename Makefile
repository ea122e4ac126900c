# Two commands do all the set-up on a fresh machine with Python 3.11: `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
OUT := out
# What makes parts of the site before sphinx: every script in docs/ but what sphinx itself reads.
GENERATORS := $(filter-out docs/conf.py docs/lrs_lexer.py,$(wildcard docs/*.py))
# Tests that train.
TRAINED := tests/*torch* tests/test_from_* tests/test_fit_libraries.py tests/*engine* tests/*distributed* tests/*traced* tests/*keras* tests/*examples* tests/accelerate_runs.py tests/ranks_of_two.py
LINE := warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: env ## the main job: one line drawn, compiled to numpy, and training a real network
	@mkdir -p $(OUT)
	$(BIN)/lrdsl plot "$(LINE)"
	$(BIN)/lrdsl check examples/flagship.lrs
	$(BIN)/lrdsl plot examples/flagship.lrs -o $(OUT)/flagship.png
	$(BIN)/lrdsl compile examples/flagship.lrs -o $(OUT)/flagship.py
	$(BIN)/python examples/digits.py --out $(OUT)
	@echo "see $(OUT)/flagship.png, $(OUT)/flagship.py, $(OUT)/digits.png"

test: lint .venv/docs .venv/engines ## the whole suite, in an environment of its own
	$(BIN)/python -m pytest -n auto --maxprocesses 4

core: env ## what needs no torch, in less than a minute
	LRDSL_PROFILE=quick $(BIN)/python -m pytest -n auto --maxprocesses 4 -m "not long" $(TRAINED:%=--ignore-glob=%) --ignore lrdsl/torch --ignore lrdsl/jax.py --ignore lrdsl/keras.py

lint: env ## ruff, and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

golden: env ## rewrite the golden files; read the difference in review
	$(BIN)/python -m pytest tests/test_golden.py --update-golden

format: env ## ruff's formatting
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/docs ## the site, in docs/_build/html; every warning is an error
	@mkdir -p docs/_generated
	@for script in $(GENERATORS); do echo $$script; PYTHONPATH=. $(BIN)/python $$script || exit 1; done
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "see docs/_build/html/index.html"

bench: .venv/peers ## speed beside the alternatives, as ratios; some minutes
	$(BIN)/python benchmarks/bench.py --out benchmarks/results

scale: .venv/peers ## what is large: its cost and its memory; a million bindings take half an hour
	$(BIN)/python benchmarks/scale.py --out benchmarks/results

guard: env ## bytecodes counted, beside those that are kept
	$(BIN)/python benchmarks/guard.py

wheel: env ## build the wheel and the sdist into dist/
	$(BIN)/python -m build --no-isolation

# Sphinx is needed for the site alone.
.venv/docs: .venv/ready constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt sphinx myst-parser furo
	@touch $@

# What people train with: the tests run each of them.
.venv/engines: .venv/ready constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt transformers accelerate pytorch-lightning pytorch-ignite hydra-core "jsonargparse[signatures]" optuna tensorboard wandb mlflow-skinny jax optax keras
# Of these two the schedulers alone are looked at, so what else they need stays out, and they stand where no other package finds them.
	$(BIN)/python -m pip install -q -c constraints.txt --no-deps --target .venv/alone --upgrade timm
	DS_BUILD_OPS=0 $(BIN)/python -m pip install -q -c constraints.txt --no-deps --no-build-isolation --target .venv/alone --upgrade deepspeed
	@touch $@

# What the bench compares with.
.venv/peers: .venv/ready constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt jax optax numexpr numba transformers pytorch-ignite lrsched pytorch-scheduler psutil
	@touch $@

env: .venv/ready ## the environment in .venv

# torch goes first and by itself: any other package that asks for `torch` must find it there, or a build for GPUs of
# several gigabytes may come instead.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c constraints.txt torch==2.13.0 numpy
	$(BIN)/python -m pip install -q -c constraints.txt lark matplotlib pyyaml scipy scikit-learn pytest pytest-xdist hypothesis mpmath interegular jsonschema ruff mypy hatchling editables build
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

clean: ## remove what was built
	rm -rf .venv $(OUT) dist build docs/_build docs/_generated .mypy_cache .pytest_cache .ruff_cache .hypothesis

.PHONY: help demo test core lint golden format docs bench scale guard wheel env clean
