"""The script that others score the hub's mails with, over what the commands print."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared"
SCORE, MAILS = SHARED / "score" / "mail.py", SHARED / "data" / "email_mime"
HUB = [sys.executable, "-m", "hub.cli"]


@pytest.mark.skipif(
    not (SCORE.is_file() and MAILS.is_dir()), reason="../shared/score/mail.py or ../shared/data/email_mime is absent"
)
def test_real_mails_score_by_the_commands_as_they_must(postgres_url: str, tmp_path: Path) -> None:
    environ = {**os.environ, "HUB_HOME": str(tmp_path), "HUB_DATABASE_URL": postgres_url}
    subprocess.run([*HUB, "ingest", "email", str(MAILS)], env=environ, check=True, timeout=300)
    asked = [*HUB, "events", "--type", "message.received", "--format", "ndjson"]
    events = subprocess.run(asked, env=environ, check=True, capture_output=True, timeout=300).stdout
    scored = subprocess.run(
        [sys.executable, str(SCORE), str(MAILS), "-v"], input=events, capture_output=True, timeout=300
    ).stdout.decode()
    # The one text that differs says "Frösche" where the answer has a replacement character.
    assert scored.splitlines()[-1] == "present=64/64 subject=63/63 from=60/60 text=55/56 attachments=64/64", scored
