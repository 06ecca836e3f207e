"""Queries of a tenant's rows that are asked in every save: their statements are put together once for a process.

A query set makes its statement anew each time, half a millisecond of processor time, and a save asks fifteen of them: more than
PostgreSQL needs to answer. What is asked, and of which tenant, stays the query set's own: only the text of the statement is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django.db import connection, models
from django.db.models.lookups import Lookup
from django.db.models.query import ModelIterable, ValuesListIterable, get_related_populators

from tenants.scope import current_tenant_id, standing_in

if TYPE_CHECKING:
    _Lookup = Lookup[bool]
else:
    _Lookup = Lookup

Row = TypeVar("Row")

#: Values nobody has, by which an argument is found again in the statement: of a number, and of a text or a list.
_NUMBER, _TEXT = 2_047_000_001, "\ue000argument "


@dataclass(frozen=True, slots=True)
class _Statement(Generic[Row]):
    """A statement, and how its rows become objects."""

    sql: str
    #: Of each parameter its value, or which argument it is (0: the tenant).
    values: tuple[Any, ...]
    arguments: tuple[int | None, ...]
    #: (column, functions that make of what the database says what the field holds, the column's expression)
    converters: tuple[tuple[int, Sequence[Callable[..., Any]], Any], ...]
    #: None: the columns are the row.
    model: type[models.Model] | None
    fields: tuple[str, ...]
    columns: slice
    related: tuple[Any, ...]
    annotations: tuple[tuple[str, int], ...]

    def rows(self, given: Sequence[Any]) -> Iterator[Row]:
        parameters = [
            value if number is None else given[number]
            for value, number in zip(self.values, self.arguments, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            found = cursor.fetchall()
        for row in found:
            read = list(row)
            for column, converters, expression in self.converters:
                for convert in converters:
                    read[column] = convert(read[column], expression, connection)
            yield cast(
                Row, tuple(read[self.columns]) if self.model is None else self._object(self.model, read)
            )

    def _object(self, model: type[models.Model], read: list[Any]) -> models.Model:
        one = model.from_db(connection.alias, self.fields, read[self.columns])
        for populator in self.related:
            populator.populate(read, one)
        for name, column in self.annotations:
            setattr(one, name, read[column])
        return one


class Among(_Lookup):
    """`Among(F("pk"), numbers)`, for a filter: any of however many, in one and the same statement."""

    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, of_left = self.process_lhs(compiler, connection)
        right, of_right = self.process_rhs(compiler, connection)
        return " = ANY(".join((left, right)) + ")", (*of_left, *of_right)


class Prepared(Generic[Row]):
    """Calls answer the rows of `build(*arguments)`, in the tenant in force; `kinds` are the types of the arguments.

    `build` makes a query set of models, or of lists of columns, and runs once, with stand-ins: it compares columns with its arguments
    and decides nothing by them. Raises OutsideScope, as a query set would.
    """

    def __init__(
        self, build: Callable[..., models.QuerySet[Any, Row]], *kinds: type[int] | type[str] | type[list[int]]
    ) -> None:
        self._build = build
        self._kinds = kinds
        self._statement: _Statement[Row] | None = None

    def each(self, *arguments: int | str | list[int]) -> Iterator[Row]:
        """One after the other; what is large is read from its column when its turn comes."""
        given = (current_tenant_id(), *arguments)
        statement = self._statement
        if statement is None:
            # Two threads may both make it, which does no harm.
            self._statement = statement = self._made()
        return statement.rows(given)

    def all(self, *arguments: int | str | list[int]) -> list[Row]:
        return list(self.each(*arguments))

    def first(self, *arguments: int | str | list[int]) -> Row | None:
        """The first row; the query set says by its limit that no more are read."""
        found = self.all(*arguments)
        return found[0] if found else None

    def _made(self) -> _Statement[Row]:
        marks: list[int | str] = [
            _NUMBER + place if kind is int else f"{_TEXT}{place}"
            for place, kind in enumerate((int, *self._kinds))
        ]
        with standing_in(cast(int, marks[0])):
            asked = self._build(*marks[1:])
        compiler = asked.query.get_compiler(using=connection.alias)
        sql, values = compiler.as_sql()
        arguments = tuple(marks.index(one) if one in marks else None for one in values)
        if set(arguments) - {None} != set(range(len(marks))):
            raise TypeError("an argument does not stand in the statement as it was given")
        objects = asked._iterable_class is ModelIterable
        select, info = compiler.select, compiler.klass_info if objects else None
        annotations = {name: compiler.annotation_col_map[name] for name in asked.query.annotation_select}
        if not objects and (annotations or asked._iterable_class is not ValuesListIterable):
            raise TypeError("only query sets of models and of lists of columns are prepared")
        shown = info["select_fields"] if info else range(len(select))
        columns = slice(shown[0], shown[-1] + 1)
        read = compiler.get_converters([one[0] for one in select])
        return _Statement(
            sql,
            tuple(values),
            arguments,
            tuple((column, converters, expression) for column, (converters, expression) in read.items()),
            info["model"] if info else None,
            tuple(one[0].target.attname for one in select[columns]) if info else (),
            columns,
            _populators(info, select) if info else (),
            tuple(annotations.items()),
        )


def _populators(info: Any, select: Any) -> tuple[Any, ...]:
    """What makes the objects of `select_related` of a row's columns."""
    found: Callable[..., Sequence[Any]] = get_related_populators
    return tuple(found(info, select, connection.alias))
