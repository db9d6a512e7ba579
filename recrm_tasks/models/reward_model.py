"""Scalar and classifier reward models: `AutoModelForSequenceClassification` with one logit, or one per label.

One logit is the reward of a whole text. A model that reads content scores responses and items: each follows what the
user asked for, as the assistant's turn. A model that reads letters was trained on the benchmark's questions: each
allowed answer follows the question as the assistant's turn, and its reward is used like the log-probability of that
answer from a language model. The softmax over the rewards is the Bradley-Terry probability that reward models are
trained with (Ouyang et al. 2022, arXiv 2203.02155, equation 1).

Several logits belong to classes. The input is the question alone, and each answer has the logit of the class with its
name or its letter.

The logits come from an engine: transformers, vLLM, or a server of vLLM (`recrm_tasks.models.classifier`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from recrm_tasks.answers.plain_text import bare
from recrm_tasks.answers.prompt import Message, Reads
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.classifier import Tokens
from recrm_tasks.models.engines import classifier_on
from recrm_tasks.models.trained_as import reads_of_model, trained_as

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
        path: a folder, or a name on the hub, of a model or, in transformers, of an adapter (PEFT).
        batch_size: the most texts in one pass of transformers; texts of similar length share a pass. vLLM makes its own
            batches. It may be written as text, as may the other numbers.
        device: the torch device of transformers; by default the first GPU if there is one.
        dtype: of the weights; by default the one in the model's config.
        max_length: the most tokens of a text; by default the limit in the model's config, or the server's.
        classes: the names of the classes, in the order of the logits; by default the config's `id2label`.
        reads: what it was trained to score: `content` or `letters`; by default what its config says, else letters.
        engine: `hf`, the default: transformers; `vllm`: vLLM's pooling, both in this process.
        base_url: the address of a vLLM server that has the model, instead of an engine in this process.
        served_model_name: the model's name on the server; by default the path.
        api_key: the server's bearer token; by default that in the environment variable OPENAI_API_KEY.
        num_concurrent: the most requests to the server at a time.
        max_batch_tokens: the most tokens in one pass of transformers, padding included. Then the number of texts is
            limited too only if `batch_size` is more than 1, which lm-eval's command line gives in any case.
        options: further arguments of `from_pretrained`, such as `revision` and `trust_remote_code`; of vLLM's `LLM` if
            that is the engine.

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
        engine: str | None = None,
        base_url: str | None = None,
        served_model_name: str | None = None,
        api_key: str | None = None,
        num_concurrent: int | str | None = None,
        max_batch_tokens: int | str | None = None,
        **options: Any,
    ) -> None:
        trained = trained_as(path, options.get("revision"))
        self.reads: Reads = reads_of_model(path, reads, trained)
        """What it scores."""
        self.classifier = classifier_on(
            path,
            options,
            engine=engine,
            base_url=base_url,
            served_model_name=served_model_name,
            api_key=api_key,
            num_concurrent=num_concurrent,
            batch_size=batch_size,
            max_batch_tokens=max_batch_tokens,
            device=device,
            dtype=dtype,
            max_length=max_length,
        )
        """The model on its engine."""
        self._tokenizer = self.classifier.tokenizer
        self.path = path
        count = len(self.classifier.classes)
        own = trained.classes if trained else ()
        self._classes = tuple(classes or own or self.classifier.classes)
        if len(self._classes) != count:
            raise RecrmError(f"{path!r} has {count} classes, not {len(self._classes)}")
        if self.reads == "content" and count != 1:
            raise RecrmError(
                f"{path!r} has {count} classes ({', '.join(self._classes)}), but a score of content is one logit: a "
                "classifier reads letters, so leave out reads=content"
            )
        if count == 1 and reads is None and trained is None:
            _log.warning(
                "%s has one logit, and its config does not say what it was trained to score: letters are read. A model "
                "that was trained on responses, such as most public ones, needs reads=content (docs/models.md)",
                path,
            )
        self._called = [bare(name).casefold() for name in self._classes]

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
        logits = self.classifier.logits(texts)
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
        longest = self.classifier.longest
        if longest is not None and length > longest:
            raise RecrmError(f"a text has {length} tokens, but {self.path!r} takes at most {longest}")
        return tokens
