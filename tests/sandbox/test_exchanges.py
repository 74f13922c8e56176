from __future__ import annotations

from django_faceid.sandbox.exchanges import mask, redact


def test_a_token_is_masked_wherever_it_stands() -> None:
    token = "C8CFF283-539AF-014E77-A5CF-DD9CAD93EFE2"

    assert redact({"SdkToken": token, "Deeper": {"SdkToken": [token]}}) == {
        "SdkToken": "C8CF…EFE2",
        "Deeper": {"SdkToken": ["C8CF…EFE2"]},
    }


def test_a_short_secret_is_not_shown_at_all() -> None:
    assert mask("0123456789abcdef") == "…"


def test_pictures_and_recordings_are_shown_as_their_length() -> None:
    shown = redact({"Image": "AAAA", "BestFrame": "", "Image2": "B" * 201, "Images": ["C" * 500]})

    assert shown == {
        "Image": "<4 characters>",
        "BestFrame": "",
        "Image2": "<201 characters>",
        "Images": ["<500 characters>"],
    }


def test_everything_else_is_shown_as_it_is() -> None:
    content = {"CheckMode": "compare", "RetryLimit": 3, "Extra": "42", "LivenessInfoTag": None}

    assert redact(content) == content
