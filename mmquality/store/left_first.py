"""A join that reads its left side first: where the database's own choice would go through a large table."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Join
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class LeftFirst(Join):
    """A join that SQLite must begin at its left side, to read no more rows than that or LIMIT asks for.

    Left to itself it reads and sorts the whole ranking, as it reckons neither with LIMIT nor with how few
    labels there are; PostgreSQL does.
    """

    inherit_cache = True


@compiles(LeftFirst, "sqlite")
def _cross_join(join: LeftFirst, compiler: SQLCompiler, **options: Any) -> str:
    plain: str = compiler.visit_join(join, **options)  # type: ignore[no-untyped-call]
    return re.sub("(?<! CROSS) JOIN ", " CROSS JOIN ", plain)
