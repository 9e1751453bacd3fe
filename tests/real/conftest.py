"""One run of the mail lab for all tests here, read into the real log store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from maillab.namespaces import LabFailed, run_lab
from maillab.recording import Recording, load_recording

PROGRAMS = {"dovecot": "/usr/sbin/dovecot", "imap": "/usr/lib/dovecot/imap", "postfix": "/usr/sbin/postfix"}


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """What the servers wrote and the clients said. A lab that cannot run is a failure, never a skip."""
    missing = [name for name, path in PROGRAMS.items() if not Path(path).exists()]
    missing += [name for name in ("unshare", "ip", "openssl") if not shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")]
    if missing:
        pytest.fail(f"the mail lab needs {', '.join(missing)}: run bash tests/real/packages.sh", pytrace=False)
    folder = tmp_path_factory.mktemp("lab")
    try:
        run_lab(folder)
    except LabFailed as error:
        pytest.fail(str(error), pytrace=False)
    return load_recording(folder)
