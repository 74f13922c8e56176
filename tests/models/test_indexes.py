from __future__ import annotations

import pytest
from django.db import connection, models

from django_faceid.models import ApiCall, SessionEvent, VerificationSession
from django_faceid.models.indexes import PartialIndex

MODELS: list[type[models.Model]] = [VerificationSession, ApiCall, SessionEvent]
PARTIAL = [
    (model, index)
    for model in MODELS
    for index in model._meta.indexes
    if isinstance(index, PartialIndex)
]


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "index"), PARTIAL, ids=[i.name for _model, i in PARTIAL])
def test_every_database_has_an_index_for_the_rows_that_are_due(
    model: type[models.Model], index: PartialIndex
) -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    columns = found[index.name]["columns"]
    partial = connection.features.supports_partial_indexes
    wanted = index.fields if partial else index.otherwise
    fields = [model._meta.get_field(name.removeprefix("-")) for name in wanted]
    assert columns == [field.column for field in fields if isinstance(field, models.Field)]


def test_no_warning_tells_hosts_of_dropped_conditions() -> None:
    assert all(index.condition is None for _model, index in PARTIAL)
