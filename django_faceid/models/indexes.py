"""An index over a part of the rows, on every database."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement


class PartialIndex(models.Index):
    """An index on ``fields`` of the rows where ``where`` holds.

    A database without partial indexes (MySQL, MariaDB) gets one on ``otherwise`` instead of an
    index whose condition is silently dropped.
    """

    def __init__(
        self, *, fields: list[str], name: str, where: models.Q, otherwise: list[str]
    ) -> None:
        super().__init__(fields=fields, name=name)
        self.where = where
        self.otherwise = otherwise

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "where": self.where, "otherwise": self.otherwise}

    def create_sql(
        self,
        model: type[models.Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **kwargs: Any,
    ) -> Statement:
        partial = schema_editor.connection.features.supports_partial_indexes
        index = models.Index(
            fields=self.fields if partial else self.otherwise,
            name=self.name,
            condition=self.where if partial else None,
        )
        return index.create_sql(model, schema_editor, using, **kwargs)
