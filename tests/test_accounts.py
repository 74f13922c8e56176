"""The accounts of FACEID, and the endpoints that they may have."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from django_faceid import conf
from tests.given import KEYS, account, faceid


def test_no_repr_shows_who_signs_in_at_a_proxy_or_an_endpoint() -> None:
    urls = {"PROXY": "http://ann:hidden@proxy:3128", "ENDPOINT": "https://bob:hidden@localhost"}
    with faceid(ACCOUNTS={"default": {**KEYS, **urls}}):
        account = conf.account("default")
    assert account.proxy is not None
    assert "hidden" not in repr(account)


# Accounts


def test_an_account_that_is_not_configured_is_named() -> None:
    with faceid(), pytest.raises(conf.SettingError, match=r'\["sg"\] is not configured'):
        conf.account("sg")


@pytest.mark.parametrize("values", [{}, {"SECRET_ID": "AKID"}, {"SECRET_KEY": "key"}])
def test_an_account_needs_both_halves_of_its_credentials(values: dict[str, str]) -> None:
    with (
        override_settings(FACEID={"ACCOUNTS": {"default": values}}),
        pytest.raises(conf.SettingError, match="SECRET_ID and SECRET_KEY"),
    ):
        conf.account("default")


def test_an_account_with_passing_credentials_must_say_whose_quota_it_spends() -> None:
    accounts: dict[str, Any] = {"default": {"CREDENTIALS": "corp.sts.credentials"}}
    with (
        override_settings(FACEID={"ACCOUNTS": accounts}),
        pytest.raises(conf.SettingError, match="QUOTA_GROUP"),
    ):
        conf.account("default")
    accounts["default"]["QUOTA_GROUP"] = "main"
    with override_settings(FACEID={"ACCOUNTS": accounts}):
        assert conf.account("default").quota_name == "main"


def test_accounts_with_the_same_secret_id_share_a_quota() -> None:
    with override_settings(FACEID={"ACCOUNTS": {"a": KEYS, "b": {**KEYS, "REGION": "ap-jakarta"}}}):
        assert conf.account("a").quota_name == conf.account("b").quota_name


# Endpoints


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://faceid.intl.tencentcloudapi.com",
        "https://faceid.intl.tencentcloudapi.com/",
        "https://faceid.ap-jakarta.tencentcloudapi.com",
        "https://FaceID.tencentcloudapi.com:443",
        "HTTPS://faceid.tencentcloudapi.com",
    ],
)
def test_tencents_own_endpoints_are_live(endpoint: str) -> None:
    with account(ENDPOINT=endpoint):
        found = conf.account("default")
        assert found.livemode
        conf.require_safe_endpoint(found)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://faceid.tencentcloudapi.com",
        "http://127.0.0.1:8011",
        "https://evil.tencentcloudapi.com.example",
        "https://eviltencentcloudapi.com",
        "https://faceid.tencentcloudapi-com",
        "https://faceid.tencentcloudapi.com@evil.example",
        "https://user:password@faceid.tencentcloudapi.com",
        "https://evil.example/.tencentcloudapi.com",
        "https://evil.example?.tencentcloudapi.com",
        "https://evil.example#.tencentcloudapi.com",
        "https://evil.example\\@faceid.tencentcloudapi.com",
        "https://evil.example\\.tencentcloudapi.com",
        "https://evil.example%00.tencentcloudapi.com",
        "https://faceid.tencentcloudapi.com\n",
        "https://faceid.tencentcloudapi.com.",
        "https://faceid.tencentcloudаpi.com",  # noqa: RUF001 (a Cyrillic letter is the point)
    ],
)
def test_any_other_endpoint_is_refused_unless_the_settings_allow_tests(endpoint: str) -> None:
    given = {"ACCOUNTS": {"default": {**KEYS, "ENDPOINT": endpoint}}}
    with override_settings(FACEID=given):
        found = conf.account("default")
        assert not found.livemode
        with pytest.raises(conf.SettingError) as caught:
            conf.require_safe_endpoint(found)
        assert caught.value.kind == "endpoint"
    with override_settings(FACEID={**given, "ALLOW_TEST_ENDPOINT": True}):
        conf.require_safe_endpoint(conf.account("default"))
