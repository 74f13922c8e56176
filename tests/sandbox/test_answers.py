from __future__ import annotations

from django_faceid.sandbox.answers import envelope


def test_an_answer_is_wrapped_in_the_vendors_envelope() -> None:
    answer = envelope({"RequestId": "42"})

    assert answer.body == b'{"Response":{"RequestId":"42"}}'
    assert (answer.status, answer.content_type) == (200, "application/json")


def test_text_that_utf8_cannot_hold_does_not_break_the_answer() -> None:
    assert envelope({"Extra": "é\ud800"}).body == '{"Response":{"Extra":"é?"}}'.encode()
