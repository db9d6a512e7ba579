"""The columns that a template names: as they are, or, for names of any kind, as `row['…']`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from difflib import get_close_matches

from jinja2 import Environment, nodes

ROW = "row"
THIS_ROW = "__row"
"""What `row` is called in a compiled template, so that a column named `row` can be named as well."""
_PLAIN = Environment()


def bind_row(tree: nodes.Template, known: Collection[str]) -> tuple[set[str], set[str]]:
    """Makes `row['…']` the column of that name, except where the template itself gives a value to the name `row`.

    Args:
        tree: a parsed template; it is changed.
        known: the columns. If `row` is one of them, `row['…']` of another name is an entry of that column.

    Returns:
        The columns that are named so, and those that are not known.
    """
    targets = [node.target for node in tree.find_all(nodes.Assign)]
    targets += [node.target for node in tree.find_all(nodes.AssignBlock)]
    if any(map(_stores_row, targets)):
        return set(), set()
    named, missing = set(), set()
    for place in list(_places(tree)):
        assert isinstance(place.arg, nodes.Const)
        name = place.arg.value
        if name in known:
            place.node = nodes.Name(THIS_ROW, "load", lineno=place.lineno)
            named.add(name)
        elif ROW not in known:
            missing.add(name)
    return named, missing


def _places(node: nodes.Node) -> Iterator[nodes.Getitem]:
    given: list[nodes.Node] = []
    if isinstance(node, nodes.Macro | nodes.CallBlock):
        given = list(node.args)
    elif isinstance(node, nodes.With):
        given = list(node.targets)
    elif isinstance(node, nodes.For):
        given = [node.target]
    if any(_stores_row(name) for name in given):
        return
    if (
        isinstance(node, nodes.Getitem)
        and isinstance(node.node, nodes.Name)
        and node.node.name == ROW
        and isinstance(node.arg, nodes.Const)
        and isinstance(node.arg.value, str)
    ):
        yield node
    for child in node.iter_child_nodes():
        yield from _places(child)


def _stores_row(node: nodes.Node) -> bool:
    names = [node, *node.find_all(nodes.Name)]
    return any(isinstance(name, nodes.Name) and name.name == ROW for name in names)


def written(name: str) -> str:
    """How a template names this column: the name itself where Jinja can parse it, else `row['…']`."""
    try:
        tree = _PLAIN.parse("{{ " + name + " }}")
    except Exception:  # a name may be anything
        tree = None
    if tree is not None and name.isidentifier() and name not in ("self", THIS_ROW):
        output = tree.body[0]
        if isinstance(output, nodes.Output) and isinstance(output.nodes[0], nodes.Name):
            return name
    return f"row[{name!r}]"


def unknown(name: str, kind: str, known: Collection[str], written: Callable[[str], str] = str) -> str:
    """A message for an unknown name: what was perhaps meant, and what there is.

    Args:
        name: the unknown one.
        kind: what it should be a name of.
        known: the names that there are.
        written: how the place where it is used writes a name.
    """
    close = get_close_matches(name, known, 2) or [k for k in sorted(known) if name and name.lower() in k.lower()][:2]
    meant = f"; did you mean {' or '.join(map(written, close))}?" if close else "."
    return f"there is no {kind} {name!r}{meant} There are: {', '.join(map(written, sorted(known))) or 'none'}"
