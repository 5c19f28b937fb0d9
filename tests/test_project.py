"""The project's own files: what other programs read is valid, and says what is true."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def told_valid(schema: str, path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*command, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_is_valid(path):
    told_valid("vendor.github-workflows", path)
    told_valid("custom.github-workflows-require-timeout", path)


def test_stages_of_the_workflows_exist():
    from staff.ci.suite import STAGES

    text = "\n".join(path.read_text("utf-8") for path in WORKFLOWS)
    nightly = yaml.safe_load(
        (ROOT / ".github/workflows/nightly.yml").read_text("utf-8")
    )
    run = nightly["jobs"]["everything"]["strategy"]["matrix"]["stages"]
    named = " ".join([*run, *re.findall(r'ARGS="([a-z ]+)"', text)]).split()
    assert set(named) <= set(STAGES)
    # `tests` is four stages in one go; nightly they are shared out.
    assert set(" ".join(run).split()) == set(STAGES) - {"second", "tests"}


def test_workflows_try_the_pythons_that_are_promised():
    text = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    tried = set(re.findall(r'"(3\.\d+)"', text))
    readme = (ROOT / "README.md").read_text("utf-8")
    first, last = re.search(r"for Python 3\.(\d+) to 3\.(\d+)", readme).groups()
    assert tried == {f"3.{minor}" for minor in range(int(first), int(last) + 1)}
    assert PROJECT["requires-python"] == f">=3.{first}"


def test_citation_is_valid_and_of_this_version():
    told_valid("vendor.citation-file-format", ROOT / "CITATION.cff")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]


def test_changes_begin_with_what_is_not_released_or_with_this_version():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    released = [heading for heading in headings if heading != "Unreleased"]
    assert headings[:1] in (["Unreleased"], [PROJECT["version"]])
    assert released[0].split()[0] == PROJECT["version"]


def test_what_contributors_are_told_to_look_at_is_there():
    paths = re.findall(r"`((?:tests|helpers|solutions)/[\w/.]+)`", CONTRIBUTING)
    assert len(paths) >= 4
    for path in set(paths) - {"tests/proven.json"}:  # a whole proof writes it
        place = path.replace("NN_topic", "02_dropout_from_scratch")
        place = place.replace("EXERCISE", "inverted_dropout")
        assert (ROOT / place).exists(), path
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"`make ([\w-]+)", CONTRIBUTING):
        assert re.search(rf"^{target}: ", makefile, re.M), target
