# Two commands for a fresh machine: `make run` and `make test`. Needs python3 (3.11 or later, with venv), make, gcc.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
PORT ?= 8080
LINES ?= 20000000
STORES ?= sqlite
BIN := $(VENV)/bin
SAMPLE := DATABASE_URL=sqlite:///var/sample/triage.db LOG_STORE_URL=sqlite:///var/sample/logs.db
PYTEST := $(BIN)/python -m pytest

.PHONY: help run serve test test-real explore lint eval lab bench bench-page bench-incidents bench-report scale crash fuzz soak lock clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# -- set-up: one stamp for running, one for developing; a changed lock or pyproject makes them anew -----------------

$(VENV)/uv.stamp: requirements/bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "triage needs Python 3.11 or later, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	@touch $@

$(VENV)/run.stamp: $(VENV)/uv.stamp requirements/run.lock pyproject.toml
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

# the native log reader, from the sources beside it; a missing compiler ends here with a word about it
NATIVE := bot/adapters/logstore/native
$(NATIVE)/libtriage_reader.sources: $(VENV)/run.stamp $(wildcard $(NATIVE)/*.c $(NATIVE)/*.h) $(NATIVE)/build.py
	$(BIN)/python -m bot.adapters.logstore.native.build
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.lock $(NATIVE)/libtriage_reader.sources
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.lock
	@touch $@

# -- the main job ---------------------------------------------------------------------------------------------------

run: $(VENV)/run.stamp $(NATIVE)/libtriage_reader.sources ## Load the sample accounts and logs, triage the sample tickets, and end
	@mkdir -p var/sample
	@$(SAMPLE) $(BIN)/triage accounts import samples/accounts.csv
	@$(SAMPLE) $(BIN)/triage logs ingest samples/logs
	@$(SAMPLE) $(BIN)/triage ticket --verified samples/tickets/*
	@echo "That was $$(ls samples/tickets | wc -l) sample tickets. Yours:  $(BIN)/triage ticket mail.eml   (README.md tells the rest)"
	@echo "The page, with these tickets in its queue:  make serve"

serve: $(VENV)/run.stamp ## The page on 127.0.0.1 with the sample data (PORT=8080)
	@mkdir -p var/sample
	@$(SAMPLE) $(BIN)/triage accounts import samples/accounts.csv
	@$(SAMPLE) $(BIN)/triage logs ingest samples/logs
	@$(SAMPLE) $(BIN)/triage web --port $(PORT) --queue samples/tickets

# -- tests ----------------------------------------------------------------------------------------------------------

test: $(VENV)/dev.stamp ## All tests that pip alone can bring (any user, under ten minutes on two cores)
	$(PYTEST) tests --ignore=tests/lab/fresh --ignore=tests/real -n $$(($$(nproc) + 1)) --dist worksteal
	$(MAKE) --no-print-directory eval

explore: $(VENV)/dev.stamp ## The generated tests with new cases every time (make test has the same ones in every run)
	$(PYTEST) tests --ignore=tests/lab/fresh --ignore=tests/real -n auto --dist worksteal --hypothesis-profile=default -m "hypothesis"

test-real: lab ## What needs real daemons, programs and engines (installs the distribution's packages when root)
	$(PYTEST) tests/real

lint: $(VENV)/dev.stamp ## ruff, mypy --strict, and the laws over knowledge/
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/triage knowledge check

# -- measuring ------------------------------------------------------------------------------------------------------

TUNED := $(patsubst %-gold.jsonl,%,$(wildcard tests/eval/tuning*-gold.jsonl))
HELD_OUT := tests/eval/heldout3 tests/eval/heldout4
eval: $(VENV)/dev.stamp ## Triage the written tickets and hold them against their gold answers
	@cat $(TUNED:%=%.jsonl) > $(VENV)/tuned.jsonl; cat $(TUNED:%=%-gold.jsonl) > $(VENV)/tuned-gold.jsonl
	@echo "tuned on:"; $(BIN)/triage eval $(VENV)/tuned.jsonl $(VENV)/tuned-gold.jsonl --bar 0.93
	@for set in $(HELD_OUT); do echo "$$set, held out:"; $(BIN)/triage eval $$set.jsonl $$set-gold.jsonl --bar 0.82; done
	@echo "texts of programs:"; $(BIN)/python -m tests.eval.client_texts.measure

tendencies: $(VENV)/dev.stamp ## Fit knowledge/tendencies.toml and then other_topics.toml to the written tickets anew (after tickets, lexicons or concepts have changed)
	nice $(BIN)/python -m tests.eval.tendencies
	nice $(BIN)/python -m tests.eval.other_topics

lab: $(VENV)/dev.stamp ## Real Dovecot, Postfix and mail programs fail afresh; then triage on every recorded case, as a table
	bash tests/lab/packages.sh
	$(PYTEST) tests/lab/fresh
	$(BIN)/python -m tests.lab.replay.measure

bench: $(VENV)/dev.stamp ## Speed, as a table; exits 1 where a ratio that we promise is broken
	$(BIN)/python -m tests.bench.bench

scale: $(VENV)/dev.stamp ## A log store filled with a week (LINES=20000000) and asked while it is filled further (STORES="sqlite postgresql clickhouse"); exits 1 on a broken promise
	$(BIN)/python -m tests.bench.scale --lines $(LINES) --stores $(STORES)

bench-report: $(VENV)/dev.stamp ## A year of 1,000 tickets a day, and how long reports of a week and of the year take; exits 1 at two seconds
	$(BIN)/python -m tests.report.year

bench-page: $(VENV)/dev.stamp ## How long the page takes to its first byte with 100,000 stored tickets
	$(BIN)/python -m tests.bench.page

bench-incidents: $(VENV)/dev.stamp ## Ninety simulated incidents and three normal months: found within five minutes, false alarms
	$(BIN)/python -m tests.report.traffic

crash: $(VENV)/dev.stamp ## kill -9 while tickets come in and answers go out, on SQLite and PostgreSQL: lost, doubled, parked
	bash tests/lab/packages.sh
	$(BIN)/python -m tests.crash.run
	$(BIN)/python -m tests.crash.drops
	$(BIN)/python -m tests.crash.poison
	$(BIN)/python -m tests.mail.run

fuzz: $(VENV)/dev.stamp ## 50,000 hostile texts in every place of every Slack message and as mailbox names in queries of log stores; mutated lines against the native log reader; 100,000 tickets at the gate of automatic answers, forgeries, loops
	$(BIN)/python -m tests.fuzz.run
	$(BIN)/python -m tests.fuzz.log_queries
	$(BIN)/python -m tests.fuzz.native_lines

soak: $(VENV)/dev.stamp ## Ten thousand tickets in a simulated outage, then two hours of steady events: memory, handles, acknowledgements
	$(BIN)/python -m tests.soak.run

lock: $(VENV)/uv.stamp ## Resolve the locks anew (hashes, no index address)
	$(BIN)/uv pip compile --quiet --universal --no-emit-index-url --no-header --generate-hashes requirements/bootstrap.in -o requirements/bootstrap.lock
	$(BIN)/uv pip compile --quiet --universal --no-emit-index-url --no-header --generate-hashes pyproject.toml -o requirements/run.lock
	$(BIN)/uv pip compile --quiet --universal --no-emit-index-url --no-header --generate-hashes --extra test --extra lint pyproject.toml -o requirements/dev.lock

clean: ## Remove what the targets made
	rm -rf $(VENV) var build *.egg-info $(NATIVE)/libtriage_reader.*
