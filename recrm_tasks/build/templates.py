"""Templates (Jinja2, sandboxed) over the columns of a row, with a few filters of our own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timezone, tzinfo
from typing import Any

from jinja2 import StrictUndefined, TemplateError, meta, nodes
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment

from recrm_tasks.build.recipe import TextSpec
from recrm_tasks.build.template_names import ROW, THIS_ROW, bind_row, unknown, written
from recrm_tasks.errors import DataError

CUT = " […] "
"""Takes the place of the part of a text that was left out."""

Row = Mapping[str, Any]
Rendered = str | dict[str, str] | list[str]


class Template:
    """One compiled text of a recipe."""

    def __init__(self, render: Callable[[Row], Any], names: frozenset[str], where: str) -> None:
        self._render = render
        self.names = names
        """The columns that it uses."""
        self.where = where
        """Its key in the recipe."""

    def __call__(self, row: Row) -> Any:
        """Renders it.

        Raises:
            DataError: the template fails on the row's values.
        """
        try:
            return self._render(row)
        except Exception as error:  # a template may call any method of any value
            values = {name: row[name] for name in sorted(self.names) if name in row}
            raise DataError(f"{self.where}: {type(error).__name__}: {error} (with {str(values)[:300]})") from None


class Templates:
    """Compiles the templates of a recipe.

    Args:
        macros: Jinja macros that every template may call.
        zone: of the filter `date`.
    """

    def __init__(self, macros: str = "", zone: tzinfo = timezone.utc) -> None:
        self._env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, cache_size=0)
        self._env.filters.update(
            trim=trim, hash=hash_name, date=lambda value, form: date(value, form, zone), facts=facts, sub=substitute
        )
        self._macros = macros

    def text(self, spec: TextSpec, where: str, known: Collection[str]) -> Template:
        """A template, or an object or list of them: renders to the same shape, without what comes out empty.

        Args:
            spec: as the recipe has it.
            where: its key in the recipe, for messages.
            known: the names that it may use.

        Raises:
            DataError: a template is malformed or uses a name that is not known.
        """
        if isinstance(spec, str):
            tree, names = self._parsed(self._macros + spec, where, known)
            render = self._compile(lambda: self._env.from_string(tree), where).render
            return Template(lambda row: render(_bound(row, names)).strip(), names, where)
        keyed = spec.items() if isinstance(spec, dict) else enumerate(spec)
        parts = {key: self.text(part, f"{where}.{key}", known) for key, part in keyed}
        names = frozenset().union(*(part.names for part in parts.values()))
        if isinstance(spec, dict):
            return Template(lambda row: {k: x for k, p in parts.items() if (x := p(row))}, names, where)
        return Template(lambda row: [x for p in parts.values() if (x := p(row))], names, where)

    def expression(self, source: str, where: str, known: Collection[str]) -> Template:
        """An expression, which gives a value and not a text; the rest as for `text`."""
        tree, names = self._parsed("{% set result = (" + source + ") %}", where, known)
        evaluate = TemplateExpression(self._compile(lambda: self._env.from_string(tree), where), False)
        return Template(lambda row: evaluate(_bound(row, names)), names, where)

    def _parsed(self, source: str, where: str, known: Collection[str]) -> tuple[nodes.Template, frozenset[str]]:
        """The parsed template, and the columns that it names."""
        try:
            tree = self._env.parse(source)
        except TemplateError as error:
            odd = [name for name in sorted(known) if name in source and written(name) != name]
            hint = f"; write {' and '.join(map(written, odd[:3]))} for a column of such a name" if odd else ""
            raise DataError(f"{where}: not a valid template: {error}{hint}") from None
        names = self._compile(lambda: meta.find_undeclared_variables(tree), where)
        if THIS_ROW in names:
            raise DataError(f"{where}: {unknown(THIS_ROW, 'name', known, written)}")
        named, missing = bind_row(tree, known) if ROW in names else (set(), set())
        for name in sorted(missing):
            raise DataError(f"{where}: {unknown(name, 'column', known, written)}")
        if named:
            names = meta.find_undeclared_variables(tree) - {THIS_ROW}
        for name in sorted(names - set(known) - set(self._env.globals)):
            if name == ROW:
                raise DataError(f"{where}: `row` needs the name of a column in quotes, such as row['a name']")
            raise DataError(f"{where}: {unknown(name, 'name', known, written)}")
        # A column comes before a function of Jinja of the same name, such as `range`.
        names = names | {node.name for node in tree.find_all(nodes.Name) if node.name in self._env.globals}
        return tree, frozenset((names & set(known)) | named)

    def _compile(self, compiled: Callable[[], Any], where: str) -> Any:
        try:
            return compiled()
        except TemplateError as error:
            raise DataError(f"{where}: not a valid template: {error}") from None


def _bound(row: Row, names: frozenset[str]) -> dict[str, Any]:
    """The columns that a template names, and nothing else of the row."""
    own = {name: row[name] for name in names}
    return {**own, THIS_ROW: own}


def trim(text: object, limit: int | None = None) -> str:
    """Spaces in a row become one; a text of more than `limit` characters keeps its first two thirds and last third."""
    clean = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t\r\f\v]+", " ", "" if text is None else str(text))).strip()
    if limit is None or len(clean) <= limit:
        return clean
    kept = limit - len(CUT)
    if kept < 2:
        raise ValueError(f"a limit of {limit} characters is too short")
    tail = kept // 3
    return clean[: kept - tail] + CUT + clean[-tail:] if tail else clean[:kept] + CUT


def hash_name(value: object, length: int = 5, salt: str = "") -> str:
    """A made-up name: the same everywhere for the same value, without a hint of the value's size."""
    return hashlib.sha256(f"{salt}{value}".encode()).hexdigest()[:length]


def date(value: object, form: str, zone: tzinfo) -> str:
    """A time (a datetime, or seconds since 1970) by a strftime form, in the recipe's zone."""
    when = value if isinstance(value, datetime) else datetime.fromtimestamp(float(str(value)), zone)
    return when.astimezone(zone).strftime(form) if when.tzinfo else when.strftime(form)


def facts(value: Row, names: Mapping[str, str] | None = None, separator: str = "\n", most: int | None = None) -> str:
    """The known fields of an object as `name: value`; lists are joined.

    Args:
        value: the object.
        names: which fields in which order, and what they are called; by default all by their own names.
        separator: between fields.
        most: entries of a list that are shown.
    """
    known = {title: value.get(key) for key, title in (names or {key: key for key in value}).items()}
    shown = {k: ", ".join(map(str, v[:most])) if isinstance(v, list) else v for k, v in known.items()}
    return separator.join(f"{k}: {v}" for k, v in shown.items() if v not in (None, "", {}))


def substitute(text: str, pattern: str, replacement: str = "") -> str:
    """Replaces what a regular expression finds."""
    return re.sub(pattern, replacement, text)
