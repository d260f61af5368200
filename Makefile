# `make help` lists the targets. Everything but Python 3.11+, make and git comes from the lock files.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
unexport PYTHONPATH PYTHONHOME
# Set in many images, it would let every start of Python compile everything again.
unexport PYTHONDONTWRITEBYTECODE
# The machine may trust a proxy of its own.
export UV_SYSTEM_CERTS ?= true
export NODE_USE_SYSTEM_CA ?= 1

NODE_MODULES := scripts/node/node_modules
TOOLS := $(VENV)/.synced $(NODE_MODULES)/.package-lock.json

.PHONY: all
all: $(TOOLS) ## Main job: derive, lint, generate, judge the sandbox, publish, check the version
	@python scripts/build.py

.PHONY: test
test: $(TOOLS) ## The tests that are quick, which are nine of ten: between two changes
	@pytest -n 4 $(ARGS)

.PHONY: test-all
test-all: $(TOOLS) ## All tests but those that take long, as CI runs them
	@pytest -n 3 -m 'not long' $(ARGS)

.PHONY: test-long
test-long: $(TOOLS) ## The tests that take long, with more rounds of crashes and races, and with other random examples
	@HEIDI_DURABILITY_ROUNDS=$${HEIDI_DURABILITY_ROUNDS:-20} HEIDI_CONCURRENT_UPDATES=$${HEIDI_CONCURRENT_UPDATES:-4000} \
	  pytest tests/sandbox/test_durability.py tests/sandbox/test_concurrency.py
	@pytest -n auto --maxprocesses 4 -m hypothesis --hypothesis-profile=others
	@pytest -n auto --maxprocesses 4 -m long $(ARGS)

.PHONY: calibrate
calibrate: $(TOOLS) ## The judge finds each fault of its catalogue, of clients a part, and accuses no correct server or client
	@$(MAKE) --jobs --keep-going --output-sync=target calibrate-servers calibrate-clients

.PHONY: calibrate-servers calibrate-clients
calibrate-servers:
	@python -m tests.conformance.calibration --quick --brief --processes 2
	@python -m tests.conformance.calibration --quick --brief --processes 2 --correct
# They mostly wait, while servers keep the processors busy.
calibrate-clients:
	@python -m tests.conformance.clients.calibration --each 4
	@python -m tests.conformance.clients.calibration --right --each 8

.PHONY: coverage
coverage: $(TOOLS) ## The same, with the coverage of the hand-written packages: twice as long
	@$(MAKE) test-all ARGS='--cov --cov-report=term:skip-covered $(ARGS)'

.PHONY: lint
lint: $(TOOLS) ## Documents and code: linters, types, import rules
	@$(MAKE) --jobs --keep-going --output-sync=target lint-documents lint-style lint-mypy lint-pyright lint-imports

.PHONY: lint-documents lint-style lint-mypy lint-pyright lint-imports
lint-documents:
	@python -m scripts.steps.documents --check
	@python -m scripts.steps.lint openapi/openapi.yaml generated/heidi_spec/base.yaml generated/heidi_spec/client.yaml generated/heidi_spec/strict.yaml
lint-style:
	@ruff check
	@ruff format --check
	@typos
lint-mypy:
	@mypy
lint-pyright:
	@node $(NODE_MODULES)/pyright/index.js
lint-imports:
	@lint-imports

.PHONY: generate
generate: $(TOOLS) ## Derive the documents and generate the client from them
	@python -m scripts.derive

.PHONY: check-generated
check-generated: $(TOOLS) ## Fail when generated/ is not what the sources give
	@python -m scripts.derive --check

.PHONY: diff
diff: $(TOOLS) ## Fail when info.version moved less than the documents did since the last release
	@python -m scripts.steps.version

.PHONY: freeze
freeze: $(TOOLS) ## Keep the documents as the release that the next ones are compared with
	@python -m scripts.steps.version --freeze

.PHONY: sandbox
sandbox: $(TOOLS) ## Serve the sandbox on 127.0.0.1:8080
	@heidi-sandbox serve $(ARGS)

.PHONY: conformance
conformance: $(TOOLS) ## Judge a server: make conformance URL=http://... [ARGS='--level strict']
	@test -n "$(URL)" || { echo "conformance: no server named; write make conformance URL=https://..." >&2; exit 2; }
	@heidi-conformance run '$(URL)' $(ARGS)

.PHONY: publish
publish: $(TOOLS) ## Write build/publish/<version>: files, reference page, checksums
	@python -m scripts.steps.site

.PHONY: preview
preview: $(TOOLS) ## Publish, and serve the publication on http://127.0.0.1:8081
	@python -m scripts.publication.preview $(ARGS)

.PHONY: bench
bench: $(TOOLS) ## Speed and size of the client against its peers: make bench [ARGS='--only get']
	@python -m scripts.bench $(ARGS)

.PHONY: portability
portability: $(TOOLS) ## Try the document with other generators: make portability [ARGS='--only java']
	@python -m scripts.portability $(ARGS)

.PHONY: dist
dist: $(TOOLS) ## Build wheel and sdist into dist/, and try them where the source is out of reach
	@python -m scripts.dist $(ARGS)

.PHONY: audit
audit: $(TOOLS) ## Look for known vulnerabilities in what is locked
	@uv audit --locked --preview-features audit-command

.PHONY: tools
tools: $(TOOLS) ## Install the tools from the lock files

.PHONY: clean
clean: ## Remove what was built and reported; tools and sandbox data stay
	@rm -rf build reports dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

$(BIN)/uv: scripts/bootstrap.txt
	@command -v $(PYTHON) > /dev/null || { echo "make: $(PYTHON) was not found; write make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than 3.11; write make PYTHON=python3.12" >&2; exit 2; }
	@echo "tools: a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/bootstrap.txt
	@touch $@

$(VENV)/.synced: $(BIN)/uv pyproject.toml uv.lock
	@echo "tools: Python packages from uv.lock"
	@uv sync --quiet --locked --all-extras --all-groups
	@touch $@

$(NODE_MODULES)/.package-lock.json: $(VENV)/.synced scripts/node/package.json scripts/node/package-lock.json
	@echo "tools: Node packages from scripts/node/package-lock.json"
	@cd scripts/node && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@
