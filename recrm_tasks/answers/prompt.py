"""One prompt, and its form in JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from recrm_tasks.answers.thinking import Marks, without_thinking
from recrm_tasks.scoring.outcomes import Answer, Gold, Outcome, Reason

Lang: TypeAlias = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")

Mode: TypeAlias = Literal["generate", "logprob"]
"""`generate`: the model writes its answer. `logprob`: the log-probability of each allowed answer is read."""
MODES: tuple[Mode, ...] = ("generate", "logprob")

Style: TypeAlias = Literal["chat", "completion"]
"""`chat`: the model follows instructions and writes JSON. `completion`: it continues the text with the bare answer."""
STYLES: tuple[Style, ...] = ("chat", "completion")

Ask: TypeAlias = Literal["list", "item"]
"""How candidates are asked about. `list`: one question per list, about their order. `item`: one question per candidate,
how likely the user is to choose it."""
ASKS: tuple[Ask, ...] = ("list", "item")

Reads: TypeAlias = Literal["letters", "content"]
"""What a reward model was trained to score. `letters`: the allowed answers to a question about the content. `content`:
the content itself, a response or an item, as the answer to what the user asked for."""
READS: tuple[Reads, ...] = ("letters", "content")

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

ANSWER_TOKENS = 256
"""Token limit of a generated answer: plenty for the short answer, too little for thinking models."""


_MARK = r"[ \t]*[.):、．：）][^\n]*"
_OPTIONS = re.compile(rf"([A-Z]){_MARK}(?:\n\s*(?!\1)[A-Z]{_MARK})+|[-*•·][^\n]+(?:\n\s*[-*•·][^\n]+)+")
"""A list of at least two options, each with a letter of its own or behind a bullet."""


class Message(BaseModel):
    """One turn of a prompt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant"]
    content: str = Field(min_length=1)


class Prompt(NamedTuple):
    """One question, with everything that is needed to read its answer and to score it."""

    id: str
    lang: Lang
    messages: tuple[Message, ...]
    choices: tuple[str, ...]
    """The allowed short answers in the order shown: letters, or numbers if there are more than 26."""
    words: tuple[tuple[str, ...], ...]
    """Other words for each choice that an answer may use."""
    gold: Gold
    target: str
    """The correct answer in readable form."""
    group: str | None = None
    """The user, query or list that the record belongs to."""
    values: tuple[float, ...] = ()
    """The value of each label for a reward; empty if the answer is not a label."""
    style: Style = "chat"
    opened: str | None = None
    """What the end of the rendered prompt leaves open, as `thinking.left_open` returns it."""
    marks: Marks | None = None
    """The user's own marks of thinking."""
    dimension: str = ""
    """The key of the dimension that asks; empty in older logs."""
    of_list: str | None = None
    """Where candidates are asked about one by one: the id of the list that this one is in."""
    candidates: int = 0
    """The number of candidates in that list."""
    ready: bool = False
    """Whether the record has its own prompt, which may ask for another form of answer."""
    question: str | None = None
    """Where content is scored: a hash of the user's turn that it answers. The choices are then the contents."""
    record: str = ""
    """The part of the last turn that is the record; empty if nothing says which part it is. Only for display: reading
    an answer does not need it, and it is not in JSON."""
    category: str | None = None
    """The record's category, if it has one. Only for display, too."""

    @property
    def reads(self) -> Reads:
        """What the numbers of its choices are of."""
        return "letters" if self.question is None else "content"

    def stated(self, completion: object, whole_list: bool = False) -> object:
        """The part of a completion that may contain the answer, or the reason why there is none.

        Thinking comes before it, and base models continue after the answer's line. With `whole_list`, a first line that
        is an item of a list comes with the other items: a base model that repeats all options has chosen none.
        """
        if not isinstance(completion, str):
            return completion
        text = without_thinking(completion, self.opened, self.marks)
        if self.style == "chat" or isinstance(text, Reason):
            return text
        text = text.strip()
        listed = _OPTIONS.match(text) if whole_list else None
        return text.partition("\n")[0] if listed is None else listed.group()

    def outcome(self, answer: Answer) -> Outcome:
        """The outcome of an answer to this question."""
        found = Outcome.of(self.id, self.gold, answer, self.group, self.values, self.of_list, self.candidates)
        return found if self.question is None else found._replace(question=self.question)

    def to_json(self) -> dict[str, Any]:
        """All fields by name, in plain JSON values; those that only some prompts have, only there."""
        fields = self._asdict()
        opened, marks = fields.pop("opened"), fields.pop("marks")
        of_list, candidates = fields.pop("of_list"), fields.pop("candidates")
        ready, question = fields.pop("ready"), fields.pop("question")
        del fields["record"], fields["category"]
        return {
            **fields,
            **({"ready": True} if ready else {}),
            **({"opened": opened} if opened else {}),
            **({"marks": list(marks)} if marks else {}),
            **({} if of_list is None else {"of_list": of_list, "candidates": candidates}),
            **({} if question is None else {"question": question}),
            "messages": [message.model_dump() for message in self.messages],
            "choices": list(self.choices),
            "words": [list(words) for words in self.words],
            "gold": list(self.gold) if isinstance(self.gold, tuple) else self.gold,
            "values": list(self.values),
        }

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Prompt:
        """The prompt from a log or a document; unknown keys are ignored.

        Logs may omit the turns, which are not needed to read an answer. Logs of version 0.1.0 have no `group`, `values`
        and `style`, and older logs none of what follows it.
        """
        gold, marks = entry["gold"], entry.get("marks")
        return cls(
            id=str(entry["id"]),
            lang="zh" if entry["lang"] == "zh" else "en",
            messages=tuple(Message.model_validate(turn) for turn in entry.get("messages", ())),
            choices=tuple(entry["choices"]),
            words=tuple(tuple(words) for words in entry["words"]),
            gold=tuple(gold) if isinstance(gold, list) else gold,
            target=entry["target"],
            group=entry.get("group"),
            values=tuple(entry.get("values", ())),
            style=entry.get("style", "chat"),
            opened=entry.get("opened"),
            marks=(marks[0], marks[1]) if marks else None,
            dimension=entry.get("dimension", ""),
            of_list=entry.get("of_list"),
            candidates=entry.get("candidates", 0),
            ready=entry.get("ready", False),
            question=entry.get("question"),
        )


def choice_names(count: int) -> tuple[str, ...]:
    """Short answers for `count` options: letters, or numbers from 1 if there are more than 26."""
    return tuple(LETTERS[:count]) if count <= len(LETTERS) else tuple(str(i + 1) for i in range(count))


def shows_all(text: str, choices: Sequence[str]) -> bool:
    """Whether a text contains every short answer, not as a part of a word or number."""
    return all(re.search(rf"(?<![A-Za-z0-9]){name}(?![A-Za-z0-9])", text) for name in choices)
