# One command surface. Every target first makes .venv what uv.lock says (dev/setup); PYTHON=... names another interpreter.
SHELL := /bin/sh
.DEFAULT_GOAL := help
ARGS ?=
python := .venv/bin/python

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv what uv.lock says; fetch uv if it is missing
	@dev/setup

run: setup ## Start everything on this machine and say where to go (Ctrl-C stops it)
	@./helpdesk up $(ARGS)

demo: setup ## Start everything, play two conversations, check their effects, stop
	@./helpdesk demo $(ARGS)

test: setup ## Run the tests, all of them in several processes (ARGS="-k words" for some of them, in one)
	@$(python) -m pytest $(if $(ARGS),$(ARGS),--numprocesses auto)

lint: setup ## Check format, style, import rules, project rules and spelling
	@$(python) -m dev.lint

types: setup ## Check types, strictly
	@$(python) -m mypy

bench: setup ## Measure the hop, the whole path, start-up, memory and search, side by side with the bare SDK
	@$(python) -m benchmarks $(ARGS)

eval: setup ## Measure routing and search on their labelled questions, by class
	@$(python) -m benchmarks.routing $(ARGS)
	@$(python) -m benchmarks.knowledge_questions $(ARGS)

package: setup ## Pack the functions for AWS Lambda, with the index of the knowledge base, into var/packages
	@$(python) -m deploy.aws.docs.package $(ARGS)

format: setup ## Format the code and mend what can be mended
	@$(python) -m ruff format && $(python) -m ruff check --fix

clean: ## Remove all that was made here: .venv, .tools, caches, and var (keys, people, conversations)
	@rm -rf .venv .tools var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help setup run demo test lint types bench eval package format clean
