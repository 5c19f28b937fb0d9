"""Another Python: which one is found, what runs on it, what is said without one."""

import sys
from collections import namedtuple
from pathlib import Path

import pytest

from staff.ci import second_python
from staff.ci.second_python import Found, check, find
from staff.course import Course

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
Usage = namedtuple("Usage", "total used free")


def fake_python(path: Path, version: str, status: int = 0) -> Path:
    """Write a program that says which Python it is, and answers as told."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\nexit {status}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with no Python but those that a test puts into its folders."""
    started = {"PATH": str(tmp_path / "bin"), "PYENV_ROOT": str(tmp_path / "pyenv")}
    monkeypatch.setattr(second_python, "started_with", lambda: started)
    monkeypatch.setattr(second_python.shutil, "disk_usage", lambda p: Usage(0, 0, 9e10))
    which = second_python.shutil.which
    monkeypatch.setattr(
        second_python.shutil,
        "which",
        lambda name, path: None if name.startswith("/") else which(name, path=path),
    )
    return started


@pytest.fixture
def ran(monkeypatch):
    """Record what is run in the copy; pretend that each step works."""
    seen = []

    def shown(command, folder, env, last):
        assert (folder / "requirements.lock").is_file()
        assert not (folder / ".git").exists()
        seen.append((" ".join(command), env))
        return not any(word in command for word in refused)

    refused = []
    monkeypatch.setattr(second_python, "_shown", shown)
    return seen, refused


@pytest.fixture
def course(tmp_path):
    root = tmp_path / "course"
    for name in [
        "requirements.lock",
        ".git/config",
        ".venv/bin/python",
        "helpers/a.py",
    ]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return Course(root)


def test_the_newest_other_one_is_found(tmp_path, machine):
    assert find() is None
    fake_python(tmp_path / "bin/python3", "3.12" if OWN != "3.12" else "3.11")
    assert find().program == tmp_path / "bin/python3"
    newer = fake_python(tmp_path / "pyenv/versions/3.13.4/bin/python3", "3.13")
    fake_python(tmp_path / "pyenv/versions/3.9.1/bin/python3", "3.9")
    if OWN != "3.13":
        assert find() == Found(newer, "3.13")
    newest = fake_python(tmp_path / "bin/python3.14", "3.14")
    if OWN != "3.14":
        assert find() == Found(newest, "3.14")


@pytest.mark.parametrize(
    ("version", "status"), [(OWN, 0), ("3.10", 0), ("3.99", 0), ("", 1), ("shim", 0)]
)
def test_what_is_no_other_python(tmp_path, machine, version, status):
    for name in ("python3", "python3.12", "python3.13"):
        fake_python(tmp_path / "bin" / name, version, status)
    assert find(supported=VERSIONS) is None


def test_one_that_is_named_may_be_any_supported(tmp_path, machine):
    program = fake_python(tmp_path / "mine", OWN)
    assert find(str(program)) == Found(program, OWN)
    assert find(str(tmp_path / "nothing")) is None
    assert find(str(fake_python(tmp_path / "old", "3.8"))) is None


def test_a_real_python_is_understood():
    assert second_python._version(Path(sys.executable)) == OWN


@pytest.mark.parametrize(
    ("wanted", "free", "reason"),
    [
        ("", 9e10, "no other Python was found of these, with venv: 3.11"),
        ("off", 9e10, "COURSE_SECOND_PYTHON is off"),
        ("/no/python", 9e10, "/no/python is no Python of these"),
        ("mine", 1e9, "has 1.0 GB free, 8 are needed"),
    ],
)
def test_it_says_why_it_is_skipped(
    tmp_path, machine, course, ran, monkeypatch, capsys, wanted, free, reason
):
    if wanted == "mine":
        wanted = str(fake_python(tmp_path / "mine", "3.12"))
    machine["COURSE_SECOND_PYTHON"] = wanted
    monkeypatch.setattr(second_python.shutil, "disk_usage", lambda p: Usage(0, 0, free))
    outcome = check(course, tmp_path)
    assert outcome.good
    assert reason in outcome.skipped
    assert f"skipped: {outcome.skipped}" in capsys.readouterr().out
    assert ran[0] == []


def test_set_up_then_a_notebook_then_the_tests_of_helpers(
    tmp_path, machine, course, ran
):
    program = fake_python(tmp_path / "mine", "3.12")
    machine |= {"COURSE_SECOND_PYTHON": str(program), "UV_INDEX_URL": "theirs"}
    assert check(course, tmp_path) == second_python.Outcome(True)
    copy = tmp_path / "python-3.12"
    commands = [command for command, _ in ran[0]]
    for command, words in zip(
        commands,
        [
            f"{program} -I staff/setup/bootstrap.py --with lab --torch  setup",
            f"nbconvert --to notebook --execute .*{second_python.NOTEBOOK}.ipynb",
            f"{program} -I staff/setup/bootstrap.py --with test --torch  setup",
            "uv pip check",
            "pytest .* tests/helpers",
        ],
        strict=True,
    ):
        assert all(word in command for word in words.split(" .*")), command
    (_, network), (_, notebook), _, _, (_, tests) = ran[0]
    assert network["UV_INDEX_URL"] == "theirs"
    assert notebook["COURSE_STRICT"] == "1"
    assert notebook["PYTHONPATH"] == str(copy)
    assert "UV_INDEX_URL" not in tests
    assert tests["PATH"].startswith(str(copy / ".venv/bin"))


@pytest.mark.parametrize(
    ("refused", "count"), [("lab", 1), ("nbconvert", 2), ("test", 3), ("check", 5)]
)
def test_a_failed_step_fails_it(tmp_path, machine, course, ran, refused, count):
    machine["COURSE_SECOND_PYTHON"] = str(fake_python(tmp_path / "mine", "3.12"))
    ran[1].append(refused)
    assert not check(course, tmp_path).good
    assert len(ran[0]) == count


def test_the_end_of_what_works_is_shown_and_all_of_what_fails(tmp_path, capsys):
    code = "print('one'); print('two'); print('three'); raise SystemExit(%d)"
    run = [sys.executable, "-c"]
    assert second_python._shown([*run, code % 0], tmp_path, {}, last=1)
    assert capsys.readouterr().out == "three\n"
    assert not second_python._shown([*run, code % 1], tmp_path, {}, last=1)
    out = capsys.readouterr().out
    assert out.startswith("one\ntwo\nthree\nfailed: ")
    assert out.endswith("COURSE_SECOND_PYTHON=off leaves this out\n")
