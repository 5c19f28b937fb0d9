"""The command line: known commands run, problems become one message and a status."""

from importlib import import_module

import pytest

from staff import __main__ as command_line
from staff.course import CourseError


def test_usage(capsys):
    assert command_line.main([]) == 0
    assert command_line.main(["bulid"]) == 2
    assert "build" in capsys.readouterr().out


@pytest.mark.parametrize("name", command_line.COMMANDS)
def test_every_command_exists(name):
    module, function = command_line.COMMANDS[name][0].split(":")
    assert callable(getattr(import_module(module), function))


def test_problem_becomes_a_message(monkeypatch, capsys):
    def fail(arguments):
        raise CourseError(f"solutions/02.py:7: no {arguments}")

    monkeypatch.setattr("staff.authoring.build.main", fail)
    assert command_line.main(["build", "02"]) == 1
    assert capsys.readouterr().err == "solutions/02.py:7: no ['02']\n"
