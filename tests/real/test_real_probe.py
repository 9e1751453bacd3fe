"""Probes of real Dovecot and Postfix: what is well, a certificate that is not trusted or over, a server that is
stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.distribution import need
from tests.lab.namespaces import command

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of everything. What cannot run is a failure, never a skip."""
    need("dovecot", "postfix", "unshare", "openssl", "ip")
    out = tmp_path_factory.mktemp("probe") / "seen.json"
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin",
    }
    done = subprocess.run(
        [*command(), sys.executable, "-m", "tests.mail.probed", str(out)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=env,
        cwd="/",
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def faults(seen: dict[str, Any], run: str) -> dict[int, str | None]:
    return {int(port): result["fault"] for port, result in seen[run]["results"].items()}


def test_servers_that_are_well(seen: dict[str, Any]) -> None:
    well = seen["well"]
    assert (well["status"], well["errors"], faults(seen, "well")) == (0, "", {993: None, 465: None, 587: None})
    imap, smtps, submission = (well["results"][port] for port in ("993", "465", "587"))
    assert (
        imap["banner"].startswith("* OK [CAPABILITY")
        and smtps["banner"].startswith("220 ")
        and submission["starttls"] is True
        and imap["starttls"] is None
    )
    assert {r["days_left"] for r in (imap, smtps, submission)} <= {59, 60} and {
        r["tls"] for r in (imap, smtps, submission)
    } == {"TLSv1.3"}


def test_what_is_wrong_is_named(seen: dict[str, Any]) -> None:
    assert (seen["untrusted"]["status"], faults(seen, "untrusted")) == (
        1,
        {993: "untrusted", 465: "untrusted", 587: "untrusted"},
    )
    assert (seen["stopped"]["status"], faults(seen, "stopped")) == (1, {993: "refused", 465: None, 587: None})
    assert (seen["expired"]["status"], faults(seen, "expired")) == (1, {993: "expired", 465: None, 587: None})
    assert seen["expired"]["results"]["993"]["days_left"] < 0


def test_nobody_tried_to_log_in(seen: dict[str, Any]) -> None:
    log = seen["log"]
    assert "quit=1" in log and "auth=" not in log and "auth failed" not in log and "Logged out" not in log
    assert "improper command pipelining" not in log and "lost connection after EHLO" not in log
