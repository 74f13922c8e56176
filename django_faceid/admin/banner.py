"""What staff must know about this installation before they trust a page of it."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from .. import conf


def warnings() -> list[str]:
    """Sentences for the banner; none in a production that talks to Tencent itself."""
    try:
        settings = conf.get()
    except conf.SettingError as error:
        return [_("The FACEID setting cannot be read: %s") % error]
    if not settings.allow_test_endpoint and not any(_test_accounts(settings)):
        return []
    return [
        _(
            "A test endpoint is in use or allowed here. "
            "Sessions made with it prove nothing in production."
        )
    ]


def _test_accounts(settings: conf.Settings) -> Iterator[bool]:
    for name in settings.accounts:
        try:
            yield not conf.account(name).livemode
        except conf.SettingError:
            continue
