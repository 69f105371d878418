"""A join that reads its left side first: where the database's own choice would go through a large table."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import FromClause, Join
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal


class LeftFirst(Join):
    """A join that SQLite must begin at its left side, to read no more rows than that or LIMIT asks for.

    Left to itself it reads and sorts the whole ranking, as it reckons neither with LIMIT nor with how few
    labels there are; PostgreSQL does.
    """

    inherit_cache = True


class InOrder(LeftFirst):
    """The same, reading its left side, a table, in the order of an index; "" = that of its key."""

    inherit_cache = True
    _traverse_internals = [*Join._traverse_internals, ("index", InternalTraversal.dp_string)]

    def __init__(self, left: FromClause, right: FromClause, index: str) -> None:
        super().__init__(left, right)
        self.index = index


@compiles(LeftFirst, "sqlite")
def _cross_join(join: LeftFirst, compiler: SQLCompiler, **options: Any) -> str:
    plain: str = compiler.visit_join(join, **options)  # type: ignore[no-untyped-call]
    return re.sub("(?<! CROSS) JOIN ", " CROSS JOIN ", plain)


@compiles(InOrder, "sqlite")
def _in_order(join: InOrder, compiler: SQLCompiler, **options: Any) -> str:
    how = f"INDEXED BY {join.index}" if join.index else "NOT INDEXED"
    return _cross_join(join, compiler, **options).replace(" CROSS JOIN ", f" {how} CROSS JOIN ", 1)
