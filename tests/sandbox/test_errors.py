from __future__ import annotations

import pickle

from django_faceid.sandbox.errors import ApiError, PhoneRefused


def test_an_api_error_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(ApiError("InternalError", "Try again.")))

    assert (copy.code, copy.message) == ("InternalError", "Try again.")


def test_a_refused_phone_is_told_the_code_and_the_reason() -> None:
    assert str(PhoneRefused("AlreadyBegun", "It has begun.")) == "AlreadyBegun: It has begun."
