#!/usr/bin/env bash
# PrairieLearn runs this for each submission; `entrypoint` in info.json names it, with
# the assignment behind it.
set -euo pipefail
cd "${COURSE:-/course}"
exec "${PYTHON:-.venv/bin/python}" -m staff platform prairielearn "$@"
