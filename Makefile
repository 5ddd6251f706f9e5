# make demo    hear what Masterprint does
# make test    everything that must be true before a change lands
# make bench   speed and memory, side by side with peers (BENCH='--quick' for less)
# make docs    the reference pages that are made from the models

.PHONY: demo test lint types layers pytest format bench docs clean

demo: .venv/installed
	.venv/bin/masterprint demo

test: lint types layers pytest

lint: .venv/installed-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/installed-dev
	.venv/bin/mypy

layers: .venv/installed-dev
	.venv/bin/lint-imports

pytest: .venv/installed-dev .fixtures/BUILT .fixtures/TOOLS
	.venv/bin/pytest -n 2 --dist worksteal

format: .venv/installed-dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# In an environment of its own, as a user has it: without what only tests need.
bench:
	VENV=.bench/own tools/make-venv
	.bench/own/bin/python bench/run.py $(BENCH)

docs: .venv/installed
	.venv/bin/python tools/stage_reference.py

clean:
	rm -rf .venv .bench .fixtures masterprint-demo masterprint-album

# Plugins for the tests to host. Where they cannot be compiled, .fixtures/WHY.txt says why.
.fixtures/BUILT: tools/make-test-plugins tests/plugins/fixture/Fixture.cpp tests/plugins/fixture/DistrhoPluginInfo.h
	tools/make-test-plugins .fixtures

# Other people's tools that the tests ask about our files; .fixtures/TOOLS-WHY.txt says why not.
.fixtures/TOOLS: tools/install-test-tools
	tools/install-test-tools .fixtures

.venv/installed: pyproject.toml tools/make-venv
	tools/make-venv
	@touch $@

.venv/installed-dev: pyproject.toml tools/make-venv
	tools/make-venv '[dev]'
	@touch .venv/installed $@
