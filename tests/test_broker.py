"""The demo's folder of messages, watched while another process writes to it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from kombu import Connection

from example_project import broker  # noqa: F401  (files://)

ROOT = Path(__file__).resolve().parent.parent
WRITER = """
import json, sys
from kombu import Connection
from example_project import broker  # noqa: F401  (files://)

with Connection("files://", transport_options=json.loads(sys.argv[1])) as connection:
    queue = connection.SimpleQueue("letters")
    for _message in range(1000):
        queue.put({"text": "x" * 2000})
    queue.close()
"""


@pytest.fixture
def folder(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "messages").mkdir()
    return {
        "data_folder_in": str(tmp_path / "messages"),
        "data_folder_out": str(tmp_path / "messages"),
        "control_folder": str(tmp_path / "control"),
    }


def test_what_is_sent_arrives(folder: dict[str, str]) -> None:
    with Connection("files://", transport_options=folder) as connection:
        queue = connection.SimpleQueue("letters")
        queue.put({"number": 7})
        message = queue.get(timeout=5)
        assert message.payload == {"number": 7}
        message.ack()
        queue.close()


def test_no_message_is_seen_before_it_is_whole(folder: dict[str, str]) -> None:
    command = [sys.executable, "-c", WRITER, json.dumps(folder)]
    seen: set[str] = set()
    with subprocess.Popen(command, cwd=ROOT) as writer:
        while writer.poll() is None:
            for path in Path(folder["data_folder_in"]).glob("[!.]*.msg"):
                if path.name not in seen:
                    json.loads(path.read_text(encoding="utf-8"))
                    seen.add(path.name)
    assert writer.returncode == 0
    assert len(seen) > 100
