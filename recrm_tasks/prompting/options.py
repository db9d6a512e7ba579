"""The options of a run: each is declared once, for both harnesses and `recrm`, and parsed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, get_args, get_type_hints

from recrm_tasks.answers.prompt import ANSWER_TOKENS, ASKS, LANGS, STYLES, Ask, Lang, Style
from recrm_tasks.answers.thinking import Marks
from recrm_tasks.data.dataset import LIMITS, limit_of
from recrm_tasks.data.store.sampling import LITE
from recrm_tasks.data.store.shards import SHARDS, Shard
from recrm_tasks.errors import RecrmError

Overflow: TypeAlias = Literal["stop", "shorten"]
"""What happens to a prompt that does not fit the model's context."""
OVERFLOWS: tuple[Overflow, ...] = ("stop", "shorten")

T = TypeVar("T")
Word = TypeVar("Word", bound=str)


@dataclass(frozen=True)
class Values(Generic[T]):
    """The values that an option may have."""

    type: str
    """What a user may write, as in a Python signature."""
    described: str
    """The values in words: a value `must be …`."""
    read: Callable[[object], T]
    """A value as the user wrote it -> a checked one. Raises ValueError for all others."""

    def parse(self, value: object, name: str) -> T:
        """The checked value.

        Args:
            value: as the user wrote it.
            name: the option, as the user wrote it.

        Raises:
            RecrmError: it is not one of these values.
        """
        try:
            return self.read(value)
        except ValueError:
            shown = repr(value)
            shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
            raise RecrmError(f"{name} must be {self.described}, not {shown}") from None


def one_of(words: Sequence[Word]) -> Values[Word]:
    """One of these words."""

    def read(value: object) -> Word:
        found = next((word for word in words if word == value), None)
        if found is None:
            raise ValueError
        return found

    return Values("str", " or ".join(words), read)


def number(least: int | None = None) -> Values[int]:
    """A whole number, of at least `least`; it may be written as text."""

    def read(value: object) -> int:
        if isinstance(value, str) and value.removeprefix("-").isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or (least is not None and value < least):
            raise ValueError
        return value

    return Values("int", "a whole number" + ("" if least is None else f" of at least {least}"), read)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _switch(value: object) -> bool:
    words = {"true": True, "false": False}
    found = words.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError
    return found


def _marks(value: object) -> Marks:
    opening, _, closing = value.partition("...") if isinstance(value, str) else ("", "", "")
    marks = opening.strip(), closing.strip()
    if not all(marks) or marks[0].lower() == marks[1].lower():
        raise ValueError
    return marks


TEXT = Values("str", "text (in quotes, if it looks like a number)", _text)
SWITCH = Values("bool", "true or false", _switch)
MARKS = Values("str", "an opening and a different closing mark with ... between them, like <plan>...</plan>", _marks)
LIMIT = Values("int | str", LIMITS, limit_of)
SHARD = Values("str", SHARDS, Shard.parse)


class Option(NamedTuple):
    """One option, as the annotation of a field of `Options`, which has its name and default."""

    values: Values[Any]
    help: str
    """What it does, in a sentence for users."""
    unset: str | None = None
    """What a default of None means, in words."""
    for_lists: bool = False
    """Whether it has an effect on lists of candidates only."""
    name: str = ""
    default: object = None

    @property
    def help_with_default(self) -> str:
        """What it does, and what happens without it, where the default does not say that by itself."""
        return self.help + (f" By default {self.unset}." if self.unset else "")


def named(**options: Option) -> dict[str, Option]:
    """Options by their names."""
    return {name: option._replace(name=name) for name, option in options.items()}


@dataclass(frozen=True)
class Options:
    """The checked options of a run. `parse` makes them of what a user gave."""

    data: Annotated[
        str | None,
        Option(
            TEXT,
            "`hub`, `sample`, or the path of a file or folder with records.",
            "the environment variable `RECRM_DATA`, else `hub`",
        ),
    ] = None
    split: Annotated[
        str | None,
        Option(
            TEXT,
            "A split of the source, `hash-test`, `hash-train`, or `all`.",
            "the source's `test`, or what docs/data.md says where it has none",
        ),
    ] = None
    limit: Annotated[
        int | Literal["lite"] | None,
        Option(
            LIMIT,
            "At most this many records of each dimension, balanced by label and language; `lite` for the fixed choice "
            f"of {LITE:,}.",
            "all records",
        ),
    ] = None
    shard: Annotated[
        Shard | None,
        Option(
            SHARD,
            "`i/n`: only the i-th of n parts of these records; the records of one user or query are in one part.",
            "all parts",
        ),
    ] = None
    lang: Annotated[
        Lang | None, Option(one_of(LANGS), "Only records in this language: `zh` or `en`.", "both languages")
    ] = None
    prompt_lang: Annotated[
        Lang | None, Option(one_of(LANGS), "The language of the prompts: `zh` or `en`.", "each record's own language")
    ] = None
    seed: Annotated[
        int, Option(number(), "Seed of the order of the records, and so of `limit` and of the examples.")
    ] = 0
    mapping: Annotated[
        str | None,
        Option(
            TEXT,
            "The path of a mapping.yaml, which says what the columns of the source mean.",
            "the environment variable `RECRM_MAPPING`, else what is recognised",
        ),
    ] = None
    revision: Annotated[
        str | None,
        Option(
            TEXT, "A branch, tag or commit of the hub's data.", "the environment variable `RECRM_REVISION`, else `main`"
        ),
    ] = None
    orders: Annotated[
        int, Option(number(1), "In how many seeded orders of its candidates each list is asked.", for_lists=True)
    ] = 1
    ask: Annotated[
        Ask,
        Option(
            one_of(ASKS),
            "One question for each `list`, or one for each `item` in it: how likely the user is to choose it.",
            for_lists=True,
        ),
    ] = "list"
    style: Annotated[Style, Option(one_of(STYLES), "`chat`, or `completion` for base models.")] = "chat"
    fewshot: Annotated[
        int,
        Option(number(0), "Number of examples in each prompt: records with their answers, never evaluated ones."),
    ] = 0
    thinking: Annotated[
        int, Option(number(0), f"Tokens for the model's thinking, in addition to the {ANSWER_TOKENS} of an answer.")
    ] = 0
    thinking_marks: Annotated[
        Marks | None,
        Option(
            MARKS,
            "How a model marks its thinking, if its family is not known: `<plan>...</plan>`.",
            "the known families, listed in docs/models.md",
        ),
    ] = None
    close_thinking: Annotated[
        bool,
        Option(
            SWITCH,
            "Closes in the prompt the thinking that the chat template opens, so that the model answers at once.",
        ),
    ] = False
    overflow: Annotated[
        Overflow,
        Option(
            one_of(OVERFLOWS),
            "What to do with a prompt that does not fit the model's context: `stop` the run, or `shorten` the prompt.",
        ),
    ] = "stop"
    context: Annotated[
        int | None, Option(number(1), "The model's context in tokens.", "what the model's arguments or its config say")
    ] = None
    tokenizer: Annotated[
        str | None,
        Option(TEXT, "The model's tokenizer: a folder or a name.", "the model's own, where the harness knows it"),
    ] = None


AnyOptions = TypeVar("AnyOptions", bound=Options)


def declared(kind: type[Options]) -> dict[str, Option]:
    """The options of `Options`, or of a harness's subclass, by name."""
    types = get_type_hints(kind, include_extras=True)
    found = {f.name: (get_args(types[f.name])[1], f.default) for f in fields(kind)}
    return {name: option._replace(name=name, default=default) for name, (option, default) in found.items()}


def refuse_list_options(options: Options, dimension: str, prefix: str = "") -> None:
    """Refuses options of lists that were given for a dimension without lists, where they would have no effect.

    Args:
        options: the run's.
        dimension: its key.
        prefix: as for `parse`.

    Raises:
        RecrmError: one was given.
    """
    given = [n for n, o in declared(type(options)).items() if o.for_lists and getattr(options, n) != o.default]
    if given:
        names = " and ".join(prefix + name for name in given)
        raise RecrmError(f"{dimension} has no lists, so {names} would have no effect; leave it out")


def parse(kind: type[AnyOptions], given: Mapping[str, object], prefix: str = "") -> AnyOptions:
    """The checked options of a run.

    Args:
        kind: `Options` or a harness's subclass.
        given: what the user gave, by name. None is the default of options that are unset by default.
        prefix: what the user writes before an option's name, for messages: `-T ` or `recrm_`.

    Raises:
        RecrmError: there is no such option, or its value is not allowed.
    """
    known = declared(kind)
    if unknown := [name for name in given if name not in known]:
        raise RecrmError(
            f"unknown option {', '.join(prefix + name for name in unknown)}: the options are "
            f"{', '.join(prefix + name for name in known)}"
        )
    values: dict[str, Any] = {
        name: None if value is None and known[name].default is None else known[name].values.parse(value, prefix + name)
        for name, value in given.items()
    }
    return kind(**values)
