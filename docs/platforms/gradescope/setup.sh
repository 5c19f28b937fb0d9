#!/usr/bin/env bash
# Gradescope runs this once, when it builds the autograder's image. The zip that you
# upload holds this file, run_autograder, and the course as a folder `course`.
set -euo pipefail
apt-get update
apt-get install -y --no-install-recommends bubblewrap make python3 python3-venv
cd /autograder/source/course
python3 -I staff/setup/bootstrap.py --torch cpu --with staff run -m staff register
