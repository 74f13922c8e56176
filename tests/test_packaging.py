"""What is in the wheel and the sdist, built as for a release."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def in_sdist(built: Path) -> set[str]:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        return {member.name.partition("/")[2] for member in sdist.getmembers() if member.isfile()}


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


def files(source: Path, folder: str) -> set[str]:
    found = (path for path in (source / folder).rglob("*") if path.is_file())
    return {path.relative_to(source).as_posix() for path in found}


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(
    source: Path, wheel: Path
) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == files(source, "django_faceid")


def test_the_wheel_says_that_it_is_typed(wheel: Path) -> None:
    assert "django_faceid/py.typed" in zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize("folder", ["django_faceid", "tests", "example_project", "docs"])
def test_the_sdist_holds_what_a_packager_needs_to_test_it(
    folder: str, source: Path, in_sdist: set[str]
) -> None:
    assert files(source, folder) <= in_sdist


def test_the_sdist_holds_no_state_of_a_run(in_sdist: set[str]) -> None:
    assert not [name for name in in_sdist if "/.run/" in name or name.endswith(".pyc")]


def test_the_licence_is_an_spdx_expression_and_its_text_is_included(
    metadata: Message, wheel: Path
) -> None:
    assert metadata["License-Expression"] == "MIT"
    assert any(name.endswith("licenses/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_an_installation_brings_the_five_core_packages_and_no_cap_on_django(
    metadata: Message,
) -> None:
    required = metadata.get_all("Requires-Dist", [])
    core = [requirement for requirement in required if "extra ==" not in requirement]
    names = {requirement.partition(">")[0] for requirement in core}
    assert names == {"django", "djangorestframework", "celery", "requests", "cryptography"}
    assert "<" not in "".join(core)
    assert metadata["Requires-Python"] == ">=3.10"


def test_the_wheel_is_imported_without_any_other_package(wheel: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import django_faceid"
    subprocess.run([sys.executable, "-I", "-S", "-c", code, str(wheel)], check=True, timeout=60)
