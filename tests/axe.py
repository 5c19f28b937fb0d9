"""axe-core in Chromium, for all tests that ask it what is wrong with a page.

It comes from npm, at the version named below, into pytest's temporary folder.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from staff.environment import started_with

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = "axe-core@4.10.3"
STANDARD = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


def axe_script(folder: Path) -> str:
    """Return axe-core's script; the test is skipped where npm cannot bring it."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, and axe-core comes from it")
    quick = ["--no-audit", "--no-fund", "--fetch-retries=0"]
    command = [npm, "install", "--prefix", folder, *quick, AXE]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=180, env=started_with()
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not answer within three minutes")
    if done.returncode:
        pytest.skip(f"npm could not bring {AXE}: {done.stderr.strip()[-200:]}")
    return (folder / "node_modules/axe-core/axe.min.js").read_text("utf-8")


def violations(
    page: Page, axe: str, *, within: str = "html", rules: tuple[str, ...] = STANDARD
) -> list[str]:
    """Return one line per rule that an element of an open page breaks.

    Args:
        page: at the address that is judged.
        axe: what `axe_script` has returned.
        within: selector of the elements that are looked at.
        rules: tags of axe-core's.
    """
    page.evaluate(axe)
    found = page.evaluate(
        "([within, values]) => axe.run({ include: within }, "
        "{ runOnly: { type: 'tag', values }, resultTypes: ['violations'] })"
        ".then((result) => result.violations)",
        [within, [*rules]],
    )
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['failureSummary']})"
        for rule in found
        for node in rule["nodes"]
    ]
