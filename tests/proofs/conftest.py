from __future__ import annotations

from collections.abc import Iterator

import pytest

from .racing import Race
from .world import listening, roomy_sandbox


@pytest.fixture
def race() -> Iterator[Race]:
    with roomy_sandbox() as sandbox:
        found = Race(sandbox)
        with listening(lambda name, pk: found.heard.add((name, pk))):
            yield found
