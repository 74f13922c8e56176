"""How a machine with only Python finds interpreters, requirements and pip."""

from __future__ import annotations

import base64
import hashlib
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from example_project.bare_machine import installing, interpreters, pip_wheel
from example_project.bare_machine.progress import Finished, Progress
from example_project.bare_machine.requirements import missing, requirements

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = Path(__file__).resolve().parent.parent.parent / "pyproject.toml"


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_requirements_are_those_a_toml_reader_finds() -> None:
    content = tomllib.loads(PYPROJECT.read_text())
    groups = content["dependency-groups"]
    for name, group in groups.items():
        expected = list(content["project"]["dependencies"])
        for item in group:
            expected += [item] if isinstance(item, str) else groups[item["include-group"]]
        assert requirements(PYPROJECT, [name]) == expected


def test_an_unknown_group_is_an_error() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        requirements(PYPROJECT, ["nonsense"])


def test_a_package_that_is_absent_or_too_old_is_missing() -> None:
    wanted = ["pytest>=8.3", "pytest>=999.1", "no-such-package-at-all", "pytest[extra]>=1"]
    assert missing(wanted) == ["pytest>=999.1", "no-such-package-at-all"]


def test_a_requirement_that_cannot_be_judged_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="understood"):
        missing(["pytest~=8.3"])


def test_an_interpreter_that_exists_but_does_not_run_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims, real = tmp_path / "shims", tmp_path / "real"
    shims.mkdir()
    real.mkdir()
    executable(shims / "python3.13", "#!/bin/sh\nexit 127\n")
    executable(shims / "python3", "#!/bin/sh\necho 3 9\n")
    (real / "python3.10").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", f"{shims}:{real}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    assert interpreters.find_python() == str(real / "python3.10")


def test_a_python_that_is_too_old_ends_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "MINIMUM", (99, 0))
    monkeypatch.setattr(interpreters, "candidates", list)
    with pytest.raises(SystemExit, match=r"needs Python 99\.0 or newer"):
        interpreters.require_python()


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """A package index on loopback that this machine is configured to use."""
    server = Index()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://reader:p%40ss@127.0.0.1:{server.server_port}/simple/"
    monkeypatch.setenv("PIP_INDEX_URL", url)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class Index(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), IndexHandler)
        self.files: dict[str, bytes] = {}
        self.links: list[str] = []
        self.authorizations: set[str | None] = set()

    def offer(
        self, version: str, content: bytes, attributes: str = "", digest: str | None = None
    ) -> None:
        name = f"pip-{version}-py3-none-any.whl"
        self.files[f"/files/{name}"] = content
        digest = digest or hashlib.sha256(content).hexdigest()
        link = f'<a href="../../files/{name}#sha256={digest}" {attributes}>{name}</a>'
        self.links.append(link)


class IndexHandler(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        self.server.authorizations.add(self.headers["Authorization"])
        page = "<br>".join(self.server.links).encode()
        content = page if self.path == "/simple/pip/" else self.server.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_pip_comes_from_the_configured_index_in_the_newest_version_that_runs(
    index: Index, tmp_path: Path
) -> None:
    index.offer("9.0", b"old")
    index.offer("26.3", b"right", 'data-requires-python="&gt;=3.9"')
    index.offer("27.0", b"too new", 'data-requires-python="&gt;=3.99"')
    index.offer("28.0", b"withdrawn", 'data-yanked="broken"')
    index.offer("29.0b1", b"a trial")
    wheel = pip_wheel.index_wheel(tmp_path, Progress())
    assert wheel == tmp_path / "pip-26.3-py3-none-any.whl"
    assert wheel.read_bytes() == b"right"


def test_credentials_in_the_index_url_are_sent_as_basic_authentication(
    index: Index, tmp_path: Path
) -> None:
    index.offer("26.3", b"right")
    pip_wheel.index_wheel(tmp_path, Progress())
    assert index.authorizations == {"Basic " + base64.b64encode(b"reader:p@ss").decode()}


def test_a_wheel_whose_checksum_differs_is_not_used(
    index: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index.offer("26.3", b"forged", digest="0" * 64)
    assert pip_wheel.index_wheel(tmp_path, Progress()) is None
    assert "checksum" in capsys.readouterr().err


def test_the_environment_comes_before_the_files_of_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = http://file.test/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    assert pip_wheel.configured("index-url") == "http://file.test/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "http://environment.test/simple")
    assert pip_wheel.configured("index-url") == "http://environment.test/simple"


class Scripted(Progress):
    """Answers commands from a table of words, without running them."""

    def __init__(self, answers: dict[str, Finished]) -> None:
        super().__init__()
        self.answers = answers
        self.commands: list[str] = []

    def run(self, command: object, env: object = None) -> Finished:
        line = " ".join(command) if isinstance(command, list) else str(command)
        self.commands.append(line)
        found = (answer for words, answer in self.answers.items() if words in line)
        return next(found, Finished(0, ""))


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("ERROR: Could not find a version … (from versions: none)", "could not be reached"),
        ("error: command 'gcc' failed", "pip could not install it"),
    ],
)
def test_a_failed_installation_says_what_to_do(
    output: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    progress = Scripted({"pip install": Finished(1, output)})
    with pytest.raises(installing.InstallationFailed, match=sentence):
        installing.install(tmp_path / ".venv", ["django"], tmp_path, progress)


def test_an_environment_is_made_without_pip_where_python_lacks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    venv = tmp_path / ".venv"
    progress = Scripted({f"-m venv {venv}": Finished(1, "ensurepip is not available")})
    installing.create(venv, progress)
    assert progress.commands[-1].endswith(f"-m venv --clear --without-pip {venv}")


def test_pip_is_tried_where_uv_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: "/usr/bin/uv")
    progress = Scripted({"uv pip install": Finished(1, "no")})
    installing.install(tmp_path / ".venv", ["django"], tmp_path, progress)
    assert "-m pip install" in progress.commands[-1]
    assert progress.commands[-1].endswith(f"--editable {tmp_path} django")


def test_output_is_kept_and_its_notable_lines_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = "print('Downloading a.whl'); print('a detail'); raise SystemExit(3)"
    finished = Progress().run([sys.executable, "-c", code])
    assert finished == Finished(3, "Downloading a.whl\na detail\n")
    shown = capsys.readouterr().err
    assert "Downloading a.whl" in shown
    assert "a detail" not in shown


def test_a_long_silence_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("example_project.bare_machine.progress.SILENCE", 0.1)
    Progress().run([sys.executable, "-c", "import time; time.sleep(0.5)"])
    assert "still at it" in capsys.readouterr().err


def test_a_command_that_is_not_there_has_failed() -> None:
    assert Progress().run(["/no/such/command"]).status == 127
