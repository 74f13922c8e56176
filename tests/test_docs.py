from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import get_commands
from django.test import override_settings

from django_faceid import checks, conf, tasks
from django_faceid.beat import BEAT_SCHEDULE
from django_faceid.services import reasons
from tests import states_page

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])
SECTIONS: Mapping[str, type[Any]] = {
    "General": conf.Settings,
    "Accounts": conf.Account,
    "Flows": conf.Flow,
}


def chapter(page: str, heading: str) -> str:
    """What stands below a heading of the second level."""
    return (DOCS / page).read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def blocks(page: Path) -> list[str]:
    """The Python in a page."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def python(pages: list[Path]) -> list[Any]:
    return [
        pytest.param(block, id=f"{page.stem}-{number}")
        for page in pages
        for number, block in enumerate(blocks(page))
    ]


def options(section: str) -> dict[str, str]:
    """The settings of a section of settings.md, with what is said about each."""
    parts = re.split(r"^### `(\w+)`$", chapter("settings.md", section), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def real_options(cls: type[Any]) -> dict[str, Field[Any]]:
    return {option.name.upper(): option for option in fields(cls) if option.name != "name"}


def default_of(option: Field[Any]) -> Any:
    if option.default_factory is not MISSING:
        return option.default_factory()
    return option.default


OPTIONS = [(section, name) for section, cls in SECTIONS.items() for name in real_options(cls)]


# Settings and checks


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_has_a_heading_and_every_heading_a_setting(section: str) -> None:
    assert sorted(options(section)) == sorted(real_options(SECTIONS[section]))


@pytest.mark.parametrize(("section", "name"), OPTIONS)
def test_the_default_that_is_written_is_the_real_one(section: str, name: str) -> None:
    said = re.match(r"\n+Type: .+?\. Default: `(.+)`\.\n\n\S", options(section)[name])
    assert said, "begins with type and default, and goes on to say what it means"
    written = eval(said[1], {"timedelta": timedelta})
    real = default_of(real_options(SECTIONS[section])[name])
    assert (written, type(written)) == (real, type(real))


def test_every_check_is_explained_and_every_explained_check_exists() -> None:
    source = Path(checks.__file__).read_text()
    explained = re.findall(r"^\| `(faceid\.\w\d{3})` \|", chapter("settings.md", "Checks"), re.M)
    assert explained == sorted(set(re.findall(r"faceid\.[EW]\d{3}", source)))


def test_the_checks_of_a_deployment_are_marked() -> None:
    with override_settings(FACEID={"ACCOUNTS": {}, "ALLOW_TEST_ENDPOINT": True}, DEBUG=False):
        always = {message.id for message in run_checks(tags=["faceid"])}
        deploy = run_checks(tags=["faceid"], include_deployment_checks=True)
    marked = set(re.findall(r"^\| `(\S+)` .*\| deploy \|$", chapter("settings.md", "Checks"), re.M))
    assert marked == {message.id for message in deploy} - always


# Operations


def test_every_task_is_documented_with_how_often_it_runs() -> None:
    rows = re.findall(r"^\| `(django_faceid\.\w+)` \| (.+?) \|", text("operations.md"), re.M)
    every = {entry["task"]: f"{entry['schedule']:.0f} s" for entry in BEAT_SCHEDULE.values()}
    assert dict(rows) == {**every, tasks.fetch_session_result.name: "-"}


def test_every_command_is_documented() -> None:
    ours = {name for name, app in get_commands().items() if app == "django_faceid"}
    assert set(re.findall(r"^\| `(faceid_\w+)", text("operations.md"), re.M)) == ours


def test_the_log_outcomes_that_wake_somebody_are_in_the_table_of_symptoms() -> None:
    source = "".join(path.read_text() for path in (ROOT / "django_faceid").rglob("*.py"))
    alarms = re.findall(r"logger\.(?:error|critical)\(\s*\"[^\"]*outcome=(\w+)", source)
    symptoms = chapter("operations.md", "At 3 a.m.")
    assert alarms
    assert [outcome for outcome in alarms if f"outcome={outcome}" not in symptoms] == []


def text(page: str) -> str:
    return (DOCS / page).read_text()


# States


def test_the_tables_of_states_and_verdicts_are_what_the_code_says() -> None:
    page = states_page.PAGE.read_text()
    assert page == states_page.written(page), "run python -m tests.states_page"


# What can be tried in any page


@pytest.mark.parametrize("block", python(PAGES))
def test_python_in_the_docs_compiles(block: str) -> None:
    compile(block, "docs", "exec")


@pytest.mark.parametrize(
    "block", python([DOCS / name for name in ("settings.md", "operations.md", "signals.md")])
)
def test_python_in_the_docs_runs(block: str) -> None:
    exec(compile(block, "docs", "exec"), {"__name__": "docs"})


@pytest.mark.parametrize(
    "block", [each for each in python([DOCS / "settings.md"]) if "FACEID =" in str(each.values)]
)
def test_settings_in_the_docs_hold_nothing_unknown_or_wrong(block: str) -> None:
    namespace: dict[str, Any] = {}
    exec(compile(block, "docs", "exec"), namespace)
    with override_settings(FACEID=namespace["FACEID"]):
        found = {message.id for message in run_checks(tags=["faceid"])}
    # Keys come from the environment, callables from the host.
    assert found <= {"faceid.E005", "faceid.E006", "faceid.E012"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]*)(?:#[^)\s]*)?\)", page.read_text()):
        assert not target or (page.parent / target).exists(), target


def test_every_built_in_reason_is_in_the_desks_page_in_its_own_words() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", chapter("desk.md", "Decide"), re.MULTILINE)
    ours = [*reasons.APPROVE.items(), *reasons.REJECT.items()]
    assert rows == [(code, str(words)) for code, words in ours]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_a_heading_find_it(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)#([^)\s]+)\)", page.read_text()):
        assert anchor in _anchors(page.parent / target if target else page)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
