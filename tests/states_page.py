"""The tables of docs/states.md, made from the code: ``python -m tests.states_page`` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "states.md"


def written(page: str) -> str:
    """The page with its tables as the code has them by now."""
    for name, table in TABLES.items():
        before, mark, rest = page.partition(f"<!-- {name} -->\n")
        _old, end, after = rest.partition("<!-- end -->")
        page = f"{before}{mark}\n{table()}\n{end}{after}"
    return page


def _transitions() -> str:
    from django_faceid.models import TRANSITIONS

    order = list(TRANSITIONS)
    rows = [
        (_code(old), ", ".join(_code(new) for new in order if new in TRANSITIONS[old]) or "-")
        for old in order
    ]
    return _table(("status", "leads to"), rows)


def _verdicts() -> str:
    from django_faceid.models.verdicts import table

    rows = [
        (_code(status), _code(category or ""), _code(review), *map(_code, decision))
        for status, category, review, decision in table()
    ]
    return _table(("status", "category", "review", "verdict", "next action"), rows)


def _review() -> str:
    from django_faceid.models.review_rules import Rule, table

    columns = list(table())
    rows = [
        (_code(rule), *("yes" if rule in rules else "no" for _status, _risky, rules in columns))
        for rule in Rule
    ]
    heads = [f"{_code(status)}{', risk' if risky else ''}" for status, risky, _rules in columns]
    return _table(("rule", *heads), rows)


def _code(word: str) -> str:
    return f"`{getattr(word, 'value', word)}`" if word else "-"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


TABLES = {"transitions": _transitions, "review": _review, "verdicts": _verdicts}


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    PAGE.write_text(written(PAGE.read_text()))
