# `make lab` and `make test` are all that most people need; `make help` lists the rest.
# Each target sets up .venv first if it must. PYTHON=... chooses the Python to use.

# Only what is said on the command line counts: PORT and the like may mean other things
# in the shell that make was called from.
$(foreach name,ARGS PORT PYTHON TORCH,\
	$(if $(filter environment,$(origin $(name))),$(eval $(name) :=)))

RECENT := import sys; sys.exit(sys.version_info < (3, 11))
ifndef PYTHON
PYTHON := $(shell for p in .venv/bin/python python3 python3.14 python3.13 python3.12 \
	python3.11 python; do \
	"$$p" -I -c '$(RECENT)' >/dev/null 2>&1 && echo "$$p" && break; done)
endif
SETUP = @"$(PYTHON)" -I staff/setup/bootstrap.py --torch "$(TORCH)"
STAFF = $(SETUP) --with staff run -m

.DEFAULT_GOAL := help
.PHONY: help lab test build grade replicate lock site bench bench-grade bench-hostile \
	bench-checks wheel formgrader slides clean python

help:
	@echo 'make lab         set up, then open the notebooks in JupyterLab (PORT=8888;'
	@echo '                 TORCH=cpu the first time: without CUDA, 1 GB in place of 6)'
	@echo 'make test        set up, then run everything that CI runs'
	@echo 'make build       make the notebooks from the masters in solutions/'
	@echo 'make grade       grade a class (ARGS=02_dropout_from_scratch; see README)'
	@echo 'make formgrader  open the grading pages of nbgrader'
	@echo 'make replicate   which claims hold on other seeds? (SEEDS=1000)'
	@echo 'make bench       compare the speed of the training loops'
	@echo 'make bench-grade, make bench-hostile   the grader against stock nbgrader'
	@echo 'make site        make the course a site of plain files, in site/'
	@echo 'make slides      a deck for each notebook, with its numbers, in slides/'
	@echo 'make bench-checks   our checks against the manner of other courses'
	@echo 'make wheel       pack helpers and data into dist/, as a wheel and an sdist'
	@echo 'make lock        renew requirements.lock and environment.yml (ARGS=--upgrade)'
	@echo 'make clean       delete .venv and caches; notebooks, grades, settings stay'
	@echo
	@echo 'ARGS="..." passes arguments on, such as: make lab ARGS=--no-browser'

lab: python
	$(SETUP) --port "$(PORT)" lab $(ARGS)

formgrader: python
	$(STAFF) staff register
	$(SETUP) --with staff --port "$(PORT)" formgrader $(ARGS)

test: python
	$(SETUP) --with test run -m staff test $(ARGS)

build: python
	$(STAFF) staff build $(ARGS)

replicate: python
	$(SETUP) run -m staff replicate $(ARGS) --seeds $(or $(SEEDS),1000)

bench: python
	$(STAFF) staff.bench.loops $(ARGS)

grade: python
	$(STAFF) staff grade $(ARGS)

bench-grade: python
	$(STAFF) staff.bench.grading $(ARGS)

bench-hostile: python
	$(STAFF) staff.bench.hostile $(ARGS)

site: python
	$(SETUP) --with site run -m staff site $(ARGS)

slides: python
	$(SETUP) --with site run -m staff slides $(ARGS)

bench-checks: python
	$(STAFF) staff.bench.checks $(ARGS)

wheel: python
	$(STAFF) staff wheel $(ARGS)

lock: python
	$(STAFF) staff lock $(ARGS)

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .build-*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@"$(PYTHON)" -I -c '$(RECENT)' >/dev/null 2>&1 || { \
	echo; \
	echo 'This course needs Python 3.11 or newer, and $(if $(PYTHON),$(PYTHON) is not one,none was found).'; \
	echo 'Install one (python.org, your package manager, or conda), or name the one you'; \
	echo 'have: make lab PYTHON=/path/to/python3.12'; \
	echo; exit 1; }
