"""Which accounts spend one quota, as people call it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from .. import conf

LONGEST = 128
"""Of a name: a rollup's label has no more."""


class Quota(NamedTuple):
    """What some accounts may do together: calls of one action in a second."""

    name: str
    rate: int


def by_account() -> Mapping[str, Quota]:
    """Each account's quota, called by the names of all accounts that spend it.

    Never by what pacing knows it by, which may be a SecretId. Accounts that cannot be used are
    left out: what they did is told by their own names.
    """
    sharing: defaultdict[str, list[conf.Account]] = defaultdict(list)
    try:
        for name in sorted(conf.get().accounts):
            _add(name, sharing)
    except conf.SettingError:
        return {}
    return {
        account.name: Quota(
            ", ".join(each.name for each in accounts)[:LONGEST],
            max(each.rate for each in accounts),
        )
        for accounts in sharing.values()
        for account in accounts
    }


def _add(name: str, sharing: defaultdict[str, list[conf.Account]]) -> None:
    try:
        account = conf.account(name)
    except conf.SettingError:
        return
    sharing[account.quota_name].append(account)
