.PHONY: check format lint types layers test docs benchmark

check: lint types layers docs test

format:
	ruff format .
	ruff check --fix .

lint:
	ruff format --check .
	ruff check .

types:
	mypy

layers:
	lint-imports

docs:
	python docs/generate.py --check
	python examples/make_models.py --check

test:
	pytest

benchmark:
	python tests/benchmarks/startup.py
