"""DuckDB's SQL as Spark's: sqlglot's translation, and what it leaves as it was though it means something else there.

What is known to differ is written otherwise, or refused; tests/spark runs every statement of a refresh on both engines.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlglot
from sqlglot import exp

from warehouse.errors import BuildError

Parameters = Sequence[Any] | Mapping[str, Any]

_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
"""What both read as a number. Java also takes 1d, 2f and hexadecimals for one."""
_MOST_ELEMENTS = 1_000_000_000
"""No list has more; Spark adds to it without looking."""
_LATIN = "".join(map(chr, (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))))
_MARKED = [(mark, unicodedata.normalize("NFD", mark)[0]) for mark in _LATIN if unicodedata.normalize("NFD", mark) != mark]
"""Latin letters with an accent, and without."""


def translate(sql: str, name_of: Callable[[str], str], parameters: Parameters = (), in_order: bool = True) -> str:
    """A query of DuckDB's as one of Spark's. `name_of` gives a relation's name there; parameters are written into it.

    Without an order its rows come as they may, where no limit asks for the first. Raises BuildError where it cannot be done.
    """
    tree = _bound(_parsed(sql), parameters)
    for query in tree.find_all(exp.Query):
        if not in_order and query.args.get("limit") is None:
            query.set("order", None)
    try:
        for node in reversed(list(tree.bfs())):  # what is within a node before the node itself
            translated = _named(node, name_of) if isinstance(node, exp.Table) else _node(node)
            if translated is not node:
                tree = translated if node is tree else tree
                node.replace(translated)
        return str(tree.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE))
    except sqlglot.UnsupportedError as error:
        raise BuildError(f"a statement cannot be translated for Spark: {str(error).splitlines()[0]}: {sql[:200]}") from error


def relations(sql: str) -> set[str]:
    """The relations that a query of DuckDB's names, what it defines itself among them. Raises BuildError."""
    return {_full_name(table) for table in _parsed(sql).find_all(exp.Table) if isinstance(table.this, exp.Identifier)}


def _parsed(sql: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.ParseError, sqlglot.TokenError) as error:
        raise BuildError(f"a statement cannot be read for Spark: {str(error).splitlines()[0]}: {sql[:200]}") from error


def _full_name(table: exp.Table) -> str:
    return ".".join(part for part in (table.catalog, table.db, table.name) if part)


def _bound(tree: exp.Expr, parameters: Parameters) -> exp.Expr:
    """The query with the values of its parameters in it."""
    given = iter(parameters) if not isinstance(parameters, Mapping) else None

    def value(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Placeholder | exp.Parameter):
            return node
        if given is not None and not isinstance(parameters, Mapping):
            place = node.name
            return _literal(parameters[int(place) - 1] if place.isdigit() else next(given))
        assert isinstance(parameters, Mapping)
        return _literal(parameters[node.name])

    return tree.transform(value)


def _literal(value: Any) -> exp.Expr:
    if isinstance(value, list | tuple):
        return exp.Array(expressions=[_literal(one) for one in value])
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), "timestamp_ntz", dialect="spark")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    if isinstance(value, float):
        return exp.cast(exp.Literal.string(repr(value)), "double")
    return exp.convert(value)


def _named(node: exp.Table, name_of: Callable[[str], str]) -> exp.Expr:
    if node.name and isinstance(node.this, exp.Identifier):
        full = _full_name(node)
        name = name_of(full)
        if "." in full and not node.alias:  # its columns may be called after it
            node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name)))
        node.set("catalog", None)
        node.set("db", None)
        node.set("this", exp.to_identifier(name))
    return node


def _node(node: exp.Expr) -> exp.Expr:
    """One expression as Spark has it."""
    rule = _RULES.get(type(node))
    if rule is not None:
        return rule(node)
    if isinstance(node, exp.Anonymous):
        named = _FUNCTIONS.get(node.name.lower())
        return named(node) if named else node
    return node


def _function(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _extract_all(node: exp.RegexpExtractAll) -> exp.Expr:
    """Java goes a level deeper for every time that a group is repeated, unless it keeps what it has found."""
    if isinstance(node.expression, exp.Literal):
        node.set("expression", exp.Literal.string(node.expression.name.replace("]*)*", "]*)*+")))
    return node


def _order(node: exp.Order) -> exp.Expr:
    """Within an aggregate sqlglot leaves it out where Spark has none."""
    if isinstance(node.parent, exp.ArrayAgg):
        raise sqlglot.UnsupportedError(f"a list in an order: {node.parent}")
    return node


def _whole(pattern: exp.Expr) -> exp.Expr:
    """A regular expression that the whole text must match, without a last line end passed over."""
    if isinstance(pattern, exp.Literal):
        return exp.Literal.string(rf"\A(?:{pattern.name})\z")
    return exp.Concat(expressions=[exp.Literal.string(r"\A(?:"), pattern, exp.Literal.string(r")\z")], safe=True, coalesce=False)


def _fullmatch(node: exp.Expr) -> exp.Expr:
    return exp.RegexpLike(this=node.this, expression=_whole(node.expression))


def _replace(node: exp.RegexpReplace) -> exp.Expr:
    """Spark replaces all that matches: without 'g' DuckDB replaces the first, which is the same where the pattern begins with ^."""
    pattern, replacement = node.expression, node.args["replacement"]
    options = node.args.get("modifiers")
    is_global = options is not None and "g" in options.name
    if not is_global and not (isinstance(pattern, exp.Literal) and pattern.name.startswith("^")):
        raise sqlglot.UnsupportedError(f"regexp_replace of the first match alone: {node}")
    if isinstance(replacement, exp.Literal):
        text = replacement.name.replace("$", r"\$")
        for group in range(10):
            text = text.replace(f"\\{group}", f"${group}")
        replacement = exp.Literal.string(text)
    return _function("regexp_replace", node.this, pattern, replacement)


def _chr(node: exp.Chr) -> exp.Expr:
    """Spark's chr knows 256 characters."""
    (code,) = node.expressions
    return exp.Literal.string(chr(int(code.name)))


def _try_cast(node: exp.TryCast) -> exp.Expr:
    if node.to.this != exp.DataType.Type.DOUBLE:
        return node
    text = exp.cast(node.this, "text")
    condition = exp.RegexpLike(this=text, expression=exp.Literal.string(_NUMBER))
    return exp.TryCast(this=exp.If(this=condition, true=text.copy(), false=exp.Null()), to=node.to.copy())


def _cast(node: exp.Cast) -> exp.Expr:
    """DuckDB reads a text that begins with 0x as a hexadecimal number."""
    text = node.this
    if isinstance(text, exp.DPipe) and isinstance(text.this, exp.Literal) and text.this.name == "0x":
        number = _function("conv", text.expression, exp.Literal.number(16), exp.Literal.number(10))
        return exp.Cast(this=number, to=node.to.copy())
    return node


def _floor(node: exp.Floor) -> exp.Expr:
    """A double, as it is in DuckDB: Spark's is a whole number of 64 bits, and beyond 2^53 every double is whole already."""
    value = node.this
    is_small = exp.LT(this=exp.Abs(this=value.copy()), expression=exp.cast(exp.Literal.string("9007199254740992"), "double"))
    return exp.Paren(this=exp.If(this=is_small, true=exp.cast(node, "double"), false=exp.cast(value.copy(), "double")))


def _log(node: exp.Log) -> exp.Expr:
    """log(10, x) is ln(x) / ln(10) in Spark, and not exact; log10 is."""
    if node.this.name == "10" and node.expression is not None:
        return _function("log10", node.expression)
    raise sqlglot.UnsupportedError(f"a logarithm to another base than 10: {node}")


def _hash(node: exp.Expr) -> exp.Expr:
    """A hash is compared with hashes of the same engine only. As a decimal their sum does not overflow."""
    return exp.cast(_function("xxhash64", *_arguments(node)), "decimal(20, 0)")


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    return [argument for argument in (node.this, *node.expressions) if isinstance(argument, exp.Expr)]


def _arg_min(node: exp.ArgMin | exp.ArgMax) -> exp.Expr:
    """With a third argument both give a list."""
    name = "min_by" if isinstance(node, exp.ArgMin) else "max_by"
    return _function(name, *(argument for argument in (node.this, node.expression, node.args.get("count")) if argument is not None))


def _quantile(node: exp.Expr) -> exp.Expr:
    return _function("percentile", node.this, node.expression)


def _finite(node: exp.Expr) -> exp.Expr:
    """A NaN is greater than all in Spark."""
    (value,) = _arguments(node)
    return exp.Paren(this=exp.LT(this=exp.Abs(this=value), expression=exp.cast(exp.Literal.string("Infinity"), "double")))


def _select(node: exp.Select) -> exp.Expr:
    """What replaces a column of * comes after the others."""
    expressions = []
    for expression in node.expressions:
        star = expression if isinstance(expression, exp.Star) else expression.find(exp.Star) if expression.is_star else None
        replaced = star.args.get("replace") if star is not None else None
        expressions.append(expression)
        if star is not None and replaced:
            left_out = [*(star.args.get("except_") or []), *(exp.to_identifier(one.alias) for one in replaced)]
            star.set("except_", left_out)
            star.set("replace", None)
            expressions += replaced
    node.set("expressions", expressions)
    return node


def _try(node: exp.Try) -> exp.Expr:
    """Bytes that are text, as text; null where they are none."""
    if not isinstance(node.this, exp.Decode):
        raise sqlglot.UnsupportedError(f"what may fail: {node}")
    return _function("try_validate_utf8", exp.cast(node.this.this, "text"))


def _cte(node: exp.CTE) -> exp.Expr:
    node.set("materialized", None)
    return node


def _bracket(node: exp.Bracket) -> exp.Expr:
    (index,) = node.expressions
    if isinstance(index, exp.Slice):
        first, last = index.this, index.expression
        if first is None and last is not None:
            return _function("slice", node.this, exp.Literal.number(1), last)
        if first is not None and last is None:
            return _function("slice", node.this, first, exp.Literal.number(_MOST_ELEMENTS))
        raise sqlglot.UnsupportedError(f"a slice with two ends: {node}")
    if isinstance(index, exp.Literal):  # sqlglot counts it from 0
        index = exp.Literal.number(int(index.name) + 1)
    return _function("try_element_at", node.this, exp.cast(index, "int"))


def _list_position(node: exp.Anonymous) -> exp.Expr:
    return exp.Nullif(this=_function("array_position", *node.expressions), expression=exp.Literal.number(0))


def _split(node: exp.Anonymous) -> exp.Expr:
    return _function("split", *node.expressions, exp.Literal.number(-1))


def _strip_accents(node: exp.Anonymous) -> exp.Expr:
    marked, bare = ("".join(letters) for letters in zip(*_MARKED, strict=True))
    letters = _function("translate", *node.expressions, exp.Literal.string(marked), exp.Literal.string(bare))
    return _function("regexp_replace", letters, exp.Literal.string(r"\p{M}+"), exp.Literal.string(""))


_RULES: dict[type, Callable[[Any], exp.Expr]] = {
    exp.RegexpFullMatch: _fullmatch,
    exp.RegexpReplace: _replace,
    exp.RegexpExtractAll: _extract_all,
    exp.Order: _order,
    exp.Chr: _chr,
    exp.Try: _try,
    exp.TryCast: _try_cast,
    exp.Cast: _cast,
    exp.Floor: _floor,
    exp.Log: _log,
    exp.PercentileCont: _quantile,
    exp.ArgMin: _arg_min,
    exp.ArgMax: _arg_min,
    exp.Select: _select,
    exp.CTE: _cte,
    exp.Bracket: _bracket,
}
_FUNCTIONS: dict[str, Callable[[exp.Anonymous], exp.Expr]] = {
    "hash": _hash,
    "isfinite": _finite,
    "list_position": _list_position,
    "regexp_split_to_array": _split,
    "strip_accents": _strip_accents,
}
