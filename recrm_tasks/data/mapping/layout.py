"""Which file of a source has which dimension and split, by its name, its folders, or the data set's card."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from recrm_tasks.data.formats import format_of
from recrm_tasks.data.formats.split_names import SPLITS
from recrm_tasks.data.mapping.card import configs_of
from recrm_tasks.dimensions import dimensions

_OURS = {
    "labels.json", "build.json", "manifest.json", "mapping.yaml", "dataset_info.json", "dataset_infos.json",
    "dataset_dict.json", "state.json", "package.json",
}  # fmt: skip
"""Files beside the data that have no rows."""
_OTHERS = ("__MACOSX", "lost+found")
"""Folders that are left by systems."""
HIDDEN, ABOUT, NO_FORMAT = "hidden", "about the data", "not data"
"""Why a file is no data by its name: it or a folder of it is hidden, it says something about the data, or it has no
ending of a data file."""

UNSPLIT = "rows"
"""What an export calls the file of a source without splits: a data set's card needs a name."""


@dataclass(frozen=True)
class Placed:
    """A data file, and what its path says."""

    name: str
    """Its path within the source, with `/`."""
    dimensions: tuple[str, ...]
    """The dimensions that it may have: one if the name says it, none if nothing does, more if it is unclear."""
    split: str | None


def place(names: Iterable[str], card: str | None = None) -> list[Placed]:
    """The data files among the names.

    The file's own name decides before the folders that it lies in, the innermost first. A data set's card (README.md)
    that declares configurations decides before both.

    Args:
        names: all files of the source.
        card: the text of its README.md.
    """
    data = sorted(name for name in names if why_no_data(name) is None)
    declared = dict(_declared(card, data))
    return _distinct_splits(
        [declared.get(name) or Placed(name, _dimensions(name), split_of(name)) for name in data], declared
    )


def why_no_data(name: str) -> str | None:
    """`HIDDEN`, `ABOUT` or `NO_FORMAT` for a file that is no data by its name; None for one that is."""
    file = name.rpartition("/")[2]
    if "/." in f"/{name}" or file.startswith("~$") or any(part in _OTHERS for part in name.split("/")[:-1]):
        return HIDDEN
    if name == "README.md" or file.lower() in _OURS:
        return ABOUT
    return None if format_of(name) else NO_FORMAT


def _distinct_splits(placed: list[Placed], declared: Iterable[str]) -> list[Placed]:
    """Files of one dimension that two names put into one split, such as `eval` and `test`, are two splits."""
    words = {p.name: split_word(p.name) or p.split for p in placed if p.split is not None and p.name not in declared}
    said: dict[tuple[tuple[str, ...], str | None], set[str]] = {}
    for p in placed:
        if p.name in words:
            said.setdefault((p.dimensions, p.split), set()).add(words[p.name])
    return [
        replace(p, split=words[p.name]) if len(said.get((p.dimensions, p.split), ())) > 1 and p.name in words else p
        for p in placed
    ]


def split_of(name: str) -> str | None:
    """The split that a path names, if it does."""
    return next((split for split, _ in _split_names(name)), None)


def split_word(name: str) -> str | None:
    """The word by which a path names its split."""
    return next((word for _, word in _split_names(name)), None)


def _split_names(name: str) -> Iterator[tuple[str, str]]:
    """The splits that the parts of a path name, the file's own name first, each with the word for it."""
    for part in _parts(name):
        words = _words(part)
        found = {split: word for split, aliases in SPLITS.items() for word in words if word in aliases}
        if len(found) == 1:
            yield from found.items()


def splits_of(values: Iterable[str]) -> dict[str, str]:
    """The split that each value of a column means; values that would become one split keep their names."""
    values = list(values)
    meant = {v: split_of(v) or v for v in values}
    times = Counter(meant.values())
    return {v: m if times[m] == 1 else v for v, m in meant.items()}


@lru_cache(maxsize=1 << 16)
def dimensions_named(text: str) -> tuple[str, ...]:
    """The dimensions that a name or a value may mean: by key, the paper's column, or words for it."""
    words = " ".join(_words(text))
    spans = []
    for key, alias in _aliases():
        for match in alias.finditer(words):
            spans.append((match.start(), match.end(), key))
    # "user behavior" within "user behavior ranking" does not count against a longer name that covers it.
    whole = [s for s in spans if not any(o[0] <= s[0] and s[1] <= o[1] and o[:2] != s[:2] for o in spans)]
    return tuple(dict.fromkeys(key for _, _, key in whole))


def dimension_values(values: Iterable[str]) -> dict[str, str] | None:
    """What the values of a column mean if every one is the name of one dimension; None if not."""
    meant = {value: dimensions_named(value) for value in values}
    return {v: keys[0] for v, keys in meant.items()} if meant and all(len(k) == 1 for k in meant.values()) else None


def _dimensions(name: str) -> tuple[str, ...]:
    for part in _parts(name):
        found = dimensions_named(part)
        if found:
            return found
    return ()


def _parts(name: str) -> list[str]:
    """The file's name without its endings, then its folders, the innermost first."""
    *folders, file = name.split("/")
    return [file.split(".")[0], *reversed(folders)]


def _words(text: str) -> list[str]:
    """`userBehavior_test-00001` -> user behavior test 00001; Chinese stays in one piece."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    spaced = re.sub(
        r"(?<=[\w])(?=[\u4e00-\u9fff])(?<![\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])", " ", spaced
    )
    return [w for w in re.split(r"[^0-9a-z\u4e00-\u9fff]+", spaced.casefold()) if w]


@lru_cache(maxsize=1)
def _aliases() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (key, re.compile(rf"(?<!\S){re.escape(' '.join(_words(alias)))}(?!\S)"))
        for key, dimension in dimensions().items()
        for alias in dict.fromkeys((key, dimension.column, dimension.title, *dimension.aliases))
    )


def _declared(card: str | None, names: list[str]) -> Iterable[tuple[str, Placed]]:
    """Files that the card's `configs` give to a dimension and a split."""
    for config, entries in configs_of(card):
        keys = dimensions_named(config)
        splits = splits_of(dict.fromkeys(split for split, _ in entries if split is not None))
        for split, patterns in entries if keys else []:
            for name in names:
                if any(matches(name, pattern) for pattern in patterns):
                    found = split_of(name) if split is None else splits[split]
                    yield name, Placed(name, keys, None if found == UNSPLIT else found)


def matches(name: str, pattern: str) -> bool:
    """Whether a path fits a pattern; `**` crosses folders, and `*` does not."""
    pattern = pattern.removeprefix("./")
    if pattern.endswith("/"):
        pattern += "**"
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(wild.get(p, re.escape(p)) for p in parts), name) is not None
