"""A subject in the grader's sandbox serves as one without: it needs two pipes only."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.study import progress
from staff.grader import sandbox
from staff.grader.inside import calls, confine
from staff.grader.judge import subject
from staff.grader.judge.judge import judged
from staff.grader.judge.wire import Link
from staff.grader.model import Verdict
from tests.staff.grader.judge.subjects import Bank, forked
from tests.test_answers import RIGHT, checker

ROOT = Path(__file__).resolve().parents[4]
NAMES = ("inverted_dropout", "DropConnect", "AdamW", "save_checkpoint", "train_epoch")
PATHS = [next(p for p in RIGHT if p.parts[-2] == name) for name in NAMES]

works = {finding.layer for finding in sandbox.probe() if finding.works}
pytestmark = pytest.mark.skipif(
    not {"landlock", "seccomp"} <= works, reason="no Landlock and seccomp here"
)


def test_a_confined_subject_passes(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "record", lambda *args: None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # both sides' files

    def serve(link: Link, names: Mapping[str, Any]) -> None:
        torch.optim.SGD([torch.ones(1)])  # imports a lot, as the warm process has
        confine.no_new_privileges()
        confine.drop_capabilities()
        readable = [Path(each) for each in sandbox.readable_by_landlock(ROOT)]
        confine.restrict_files(readable, [tmp_path, Path("/dev/null")])
        os.chdir(tmp_path)
        calls.Filter(spare=os.getppid()).load()
        with pytest.raises(PermissionError):
            (ROOT / "written").write_text("x")
        subject.serve(link, names)

    def names() -> dict[str, Any]:
        bank = Bank()
        asked = ((p, n) for p in PATHS for n in checker(p).asks)
        return {f"{p}::{n}": bank[f"{p}::{n}"] for p, n in asked}

    with forked(names, serve=serve) as remote:
        for path in PATHS:
            remote.path = path
            result = judged(path.parts[-3], path.parts[-2], remote, (0, 1))
            assert result.verdict is Verdict.PASS, result
