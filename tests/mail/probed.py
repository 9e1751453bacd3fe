"""``triage probe`` against real Dovecot and Postfix, in namespaces that are thrown away: ``python -m
tests.mail.probed OUT.json`` as their root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lab.places import CA, TLS
from tests.mail.daemons import ETC, LOG, boot, environment, start_dovecot, stop_dovecot


def main() -> None:
    """Well, not trusted, expired, stopped; and what the daemons' logs say of us."""
    boot()
    seen: dict[str, Any] = {"well": _probe("--ca", str(CA)), "untrusted": _probe()}
    stop_dovecot()
    seen["stopped"] = _probe("--ca", str(CA))
    configuration = ETC / "dovecot.conf"
    configuration.write_text(configuration.read_text().replace(f"{TLS}/server.", f"{TLS}/expired."))
    start_dovecot()
    seen["expired"] = _probe("--ca", str(CA))
    seen["log"] = "".join(path.read_text("utf-8", "replace") for path in sorted(LOG.iterdir()))
    Path(sys.argv[1]).write_text(json.dumps(seen))


def _probe(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "probe", "--json", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment()},
    )
    return {
        "status": done.returncode,
        "errors": done.stderr,
        "results": {int(r["target"].rpartition(":")[2]): r for r in map(json.loads, done.stdout.splitlines())},
    }


if __name__ == "__main__":
    main()
