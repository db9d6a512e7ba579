"""Scalar and classifier reward models: `AutoModelForSequenceClassification` with one logit, or one per label.

One logit is the reward of a whole text. A model that reads content scores responses and items: each follows what the
user asked for, as the assistant's turn. A model that reads letters was trained on the benchmark's questions: each
allowed answer follows the question as the assistant's turn, and its reward is used like the log-probability of that
answer from a language model. The softmax over the rewards is the Bradley-Terry probability that reward models are
trained with (Ouyang et al. 2022, arXiv 2203.02155, equation 1).

Several logits belong to classes. The input is the question alone, and each answer has the logit of the class with its
name or its letter.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from recrm_tasks.answers.plain_text import bare
from recrm_tasks.answers.prompt import Message, Reads
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.padding import Padding, Tokens
from recrm_tasks.models.pretrained import load_model
from recrm_tasks.models.trained_as import reads_of_model, trained_as
from recrm_tasks.prompting.options import number
from recrm_tasks.prompting.tokens import tokenizer_of

BATCH = 1
"""The default number of texts in one pass: lm-eval's, whose command line always gives one."""
_log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """One question to a reward model."""

    messages: tuple[Message, ...]
    choices: tuple[str, ...]
    """The allowed answers, or the contents."""
    names: tuple[tuple[str, ...], ...] = ()
    """The names that a class may have, for each answer; empty if answers are not classes."""
    reads: Reads = "letters"
    """What the choices are."""


class RewardModel:
    """A reward model and its tokenizer.

    Args:
        path: a folder, or a name on the hub, of a model or of an adapter (PEFT).
        batch_size: the most texts in one pass; texts of similar length share a pass. It may be written as text.
        device: the torch device; by default the first GPU if there is one.
        dtype: of the weights; by default the one in the model's config.
        max_length: the most tokens of a text; by default the limit in the model's config.
        classes: the names of the classes, in the order of the logits; by default the config's `id2label`.
        reads: what it was trained to score: `content` or `letters`; by default what its config says, else letters.
        options: further arguments of `from_pretrained`: `revision`, `trust_remote_code`.

    Raises:
        RecrmError: there is no such model, it has no trained classification head, it cannot read what it should, or an
            argument cannot be used.
    """

    def __init__(
        self,
        path: str,
        batch_size: int | str = BATCH,
        device: str | None = None,
        dtype: str = "auto",
        max_length: int | str | None = None,
        classes: Sequence[str] | None = None,
        reads: str | None = None,
        **options: Any,
    ) -> None:
        self.batch_size: int = number(1).parse(batch_size, "batch_size")
        """The most texts in one pass."""
        longest = None if max_length is None else number(1).parse(max_length, "max_length")
        try:
            import torch
            import transformers  # noqa: F401
        except ModuleNotFoundError as error:
            raise RecrmError(f"reward models need {error.name}: pip install 'recrm-tasks[hf]'") from None
        if dtype != "auto" and not isinstance(getattr(torch, str(dtype), None), torch.dtype):
            raise RecrmError(f"dtype must be auto or a type of torch, for example bfloat16, not {dtype!r}")
        trained = trained_as(path, options.get("revision"))
        self.reads: Reads = reads_of_model(path, reads, trained)
        """What it scores."""
        model = load_model(path, dtype, options)
        self._tokenizer = tokenizer_of(path, options)
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            self._model = model.to(device).eval()
        except (RuntimeError, AssertionError) as error:
            raise RecrmError(f"device {device!r} cannot be used: {str(error).splitlines()[0]}") from None
        self.path = path
        self._torch = torch
        self._longest = longest or _positions(model.config.get_text_config())
        own = trained.classes if trained else ()
        self._classes = tuple(classes or own or (model.config.id2label[i] for i in range(model.config.num_labels)))
        if len(self._classes) != model.config.num_labels:
            raise RecrmError(f"{path!r} has {model.config.num_labels} classes, not {len(self._classes)}")
        if self.reads == "content" and len(self._classes) != 1:
            raise RecrmError(
                f"{path!r} has {len(self._classes)} classes ({', '.join(self._classes)}), but a score of content is "
                "one logit: a classifier reads letters, so leave out reads=content"
            )
        if len(self._classes) == 1 and reads is None and trained is None:
            _log.warning(
                "%s has one logit, and its config does not say what it was trained to score: letters are read. A model "
                "that was trained on responses, such as most public ones, needs reads=content (docs/models.md)",
                path,
            )
        self._called = [bare(name).casefold() for name in self._classes]
        self._padding = Padding(self._tokenizer, model)

    def rewards(self, questions: Sequence[Asked]) -> tuple[list[list[float]], list[int]]:
        """One number per allowed answer or content (higher is better), and the number of tokens of each question.

        Raises:
            RecrmError: a text is too long for the model, classes and answers do not match, or the model reads
                something else.
        """
        if other := next((q.reads for q in questions if q.reads != self.reads), None):
            raise RecrmError(
                f"{self.path!r} reads {self.reads}, but is asked about {other}: a task must know what its model reads. "
                f"In Python give pretrained and reads={self.reads} in lm-eval's metadata too, and make Inspect's model "
                "before its task"
            )
        scalar = len(self._classes) == 1
        places = [[0] * len(q.choices) if scalar else self._places(q) for q in questions]
        texts = [self._encode(q, choice) for q in questions for choice in (q.choices if scalar else (None,))]
        logits = self._logits(texts)
        rewards, tokens, at = [], [], 0
        for question, wanted in zip(questions, places, strict=True):
            count = len(question.choices) if scalar else 1
            mine = logits[at : at + count]
            rewards.append([mine[i if scalar else 0][place] for i, place in enumerate(wanted)])
            tokens.append(sum(len(text["input_ids"]) for text in texts[at : at + count]))
            at += count
        return rewards, tokens

    def _places(self, question: Asked) -> list[int]:
        """The class of each answer."""
        if question.names and (lettered := self._lettered(question)):
            return lettered
        if not question.names:
            raise RecrmError(
                f"{self.path!r} has {len(self._classes)} classes, but candidates of a list are not classes: lists need "
                "a model with one logit"
            )
        found = []
        for names in question.names:
            meant = {bare(name).casefold() for name in names}
            matching = [i for i, name in enumerate(self._called) if name in meant]
            if len(matching) != 1:
                raise RecrmError(
                    f"{self.path!r} has the classes {', '.join(self._classes)}, and {len(matching)} of them mean "
                    f"{names[0]!r}: name them in the order of the logits, for example "
                    f"classes='{'|'.join(n[0] for n in question.names)}'"
                )
            found += matching
        if len(set(found)) < len(found):
            raise RecrmError(f"{self.path!r}: one class means two answers: {', '.join(self._classes)}")
        return found

    def _lettered(self, question: Asked) -> list[int]:
        """The class of each answer where classes are called like letters; none if names of labels are among them."""
        named = {bare(name).casefold() for names in question.names for name in names}
        letters = [choice.casefold() for choice in question.choices]
        if named.isdisjoint(self._called) and all(self._called.count(letter) == 1 for letter in letters):
            return [self._called.index(letter) for letter in letters]
        return []

    def _encode(self, question: Asked, answer: str | None) -> Tokens:
        """The tokens of one text: in the chat template, or as a pair of texts if there is none."""
        if self._tokenizer.chat_template:
            turns = [{"role": m.role, "content": m.content} for m in question.messages]
            if answer is not None:
                turns.append({"role": "assistant", "content": answer})
            text = self._tokenizer.apply_chat_template(turns, tokenize=False)
            tokens: Tokens = dict(self._tokenizer(text, add_special_tokens=False, return_attention_mask=True))
        else:
            text = "\n\n".join(m.content for m in question.messages)
            tokens = dict(self._tokenizer(text, answer, return_attention_mask=True))
        length = len(tokens["input_ids"])
        if self._longest is not None and length > self._longest:
            raise RecrmError(f"a text has {length} tokens, but {self.path!r} takes at most {self._longest}")
        return tokens

    def _logits(self, texts: Sequence[Tokens]) -> list[list[float]]:
        """The logits of each text. Texts of similar length share a pass, to keep padding short."""
        logits: list[list[float]] = [[] for _ in texts]
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]["input_ids"]))
        size = self.batch_size if self._padding.possible else 1
        for start in range(0, len(order), size):
            part = order[start : start + size]
            padded = self._padding.pad([texts[i] for i in part])
            with self._torch.inference_mode():
                tensors = {name: tensor.to(self._model.device) for name, tensor in padded.items()}
                output = self._model(**tensors).logits.float().cpu()
            for i, row in zip(part, output.tolist(), strict=True):
                logits[i] = row
        return logits


def _positions(config: Any) -> int | None:
    """The most tokens of a text; None if the config says nothing, or -1 as XLNet's does."""
    length = getattr(config, "max_position_embeddings", None)
    return length if isinstance(length, int) and length > 0 else None
