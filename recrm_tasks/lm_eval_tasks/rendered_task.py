"""The class of our tasks: lm-eval's own, which also looks at how its prompts end after the chat template, and puts all
numbers of a run into its results."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from lm_eval.api.task import ConfigurableTask

from recrm_tasks.answers.thinking import left_open
from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.backend import backend_of
from recrm_tasks.lm_eval_tasks.documents import options_of
from recrm_tasks.lm_eval_tasks.results import UNSEEN, Item, Shared
from recrm_tasks.lm_eval_tasks.results_file import METRICS, STRESS
from recrm_tasks.models.trained_as import classifier_config
from recrm_tasks.prompting.fit import tokens_by
from recrm_tasks.prompting.options import Options
from recrm_tasks.prompting.prompt_end import TAIL, after_last_turn, closing_for, described

_log = logging.getLogger(__name__)
_OWN = ("recrm_dimension", "recrm_suite", "recrm_mode", "recrm_provenance", METRICS, STRESS)
"""Entries of the metadata that are the task's and not the user's."""


class RenderedTask(ConfigurableTask):
    """A task that knows what its rendered prompts leave open, and all of its numbers.

    Only the requests show what is open: whether a chat template is applied, and by which arguments, is not known
    before.

    Args:
        config: the task's YAML.
    """

    options: ClassVar[type[Options]] = Options
    """What the user may give."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._opened: dict[int, str] = {}
        super().__init__(config={name: value for name, value in config.items() if name != "class"})

    def build_all_requests(self, **arguments: Any) -> None:
        """Makes the requests, and closes the thinking in their prompts if the run's options say so.

        Raises:
            RecrmError: prompts end within thinking, and their answers could not be read.
        """
        super().build_all_requests(**arguments)
        metadata = self.config.metadata
        options = options_of(_given(metadata), self.options)
        provenance = metadata["recrm_provenance"]
        entries = [provenance] if "recrm_dimension" in metadata else [*provenance.values()]
        if options.style == "chat" and not arguments.get("apply_chat_template"):
            self._look_for_template(options)
        self._look_for_start_token(options)
        if (asked := self.config.repeats) > 1:
            _warn_once(
                f"repeats: {asked}: lm-eval keeps the first of a record's {asked} answers and drops the others; "
                "Inspect with --epochs counts them all"
            )
        ends: dict[str, tuple[str | None, str]] = {}
        for request in self.instances:
            context, *others = request.arguments
            # Chat APIs get turns; what their servers make of them is not known.
            end = after_last_turn(context, request.doc["prompt"]) if isinstance(context, str) else ""
            if end not in ends:
                opened = left_open(end, options.thinking_marks)
                ends[end] = opened, closing_for(opened, metadata["recrm_mode"], options)
                if metadata["recrm_mode"] == "logprob" and end:
                    self._check_tokens(context[-TAIL:] + ends[end][1], request.doc["choices"])
            opened, closing = ends[end]
            if closing:
                request.arguments = (context + closing, *others)
            elif opened is not None:
                self._opened[request.doc_id] = opened
        if self._opened and metadata.get("think_end_token") is not None:
            raise RecrmError(
                "think_end_token makes lm-eval remove the closing mark, which is the only sign that the thinking that "
                "the prompt opens has ended: leave it out of --model_args, since the tasks remove thinking themselves"
            )
        for entry in entries:
            entry["thinking_in_prompt"] = next((described(*end) for end in ends.values() if end[0]), None)

    def aggregation(self) -> dict[str, Callable[[Sequence[Any]], float]]:
        """See `Task.aggregation`. With the score, all numbers of the run are put into the task's metadata.

        lm-eval prints every metric that it knows of. So it knows of those that its table shows; its results contain the
        metadata too, which lm-eval reads after the last metric.
        """
        found: dict[str, Any] = super().aggregation()

        def score(items: Sequence[Item | Shared]) -> float:
            numbers: dict[str, float] = found["score"].numbers(items)
            self.config.metadata[METRICS] = numbers
            if numbers.get(UNSEEN):
                _log.warning(
                    "%s: for %d records the log-probability of an allowed answer was not reported and counts as 0 "
                    "(docs/backends.md)",
                    self.config.task, numbers[UNSEEN],
                )  # fmt: skip
            return numbers["score"]

        return {**found, "score": score}

    def _look_for_template(self, options: Options) -> None:
        """Warns if a chat model is asked without its template. Reward models apply theirs in any case."""
        given = self.config.metadata
        tokens = tokens_by(backend_of(given), options.tokenizer)
        if isinstance(tokens, str) or not tokens.has_chat_template:
            return
        if not classifier_config(tokens.name, given.get("revision")):
            _warn_once(
                f"{tokens.name} has a chat template, but lm-eval sends the prompts without it: add "
                '--apply_chat_template, or, if it is a base model, --metadata \'{"recrm_style": "completion"}\''
            )

    def _look_for_start_token(self, options: Options) -> None:
        """Warns if `local-completions` sends prompts without the model's start token. Other models take care of it."""
        given = self.config.metadata
        local = str(given.get("base_url", "")).rstrip("/").endswith("/completions") and given.get("api") is None
        chosen = given.get("add_bos_token") is not None or given.get("tokenized_requests") is False
        if not local or chosen or not self.instances:
            return
        context = self.instances[0].arguments[0]
        tokens = tokens_by(backend_of(given), options.tokenizer)
        if isinstance(tokens, str) or not isinstance(context, str):
            return
        start = tokens.start_token
        if start is not None and not context.startswith(start):
            _warn_once(
                f"local-completions sends the prompts without the start token (BOS) {start!r}, which "
                f"{tokens.name} writes before a text, and many models answer badly without it: add "
                "add_bos_token=True to --model_args, or use --model recrm-server with base_url=http://HOST:PORT/v1"
            )

    def _check_tokens(self, end: str, choices: list[str]) -> None:
        """Warns if the end of a prompt has other tokens once an answer follows: those are what lm-eval scores."""
        metadata = self.config.metadata
        tokens = tokens_by(backend_of(metadata), options_of(_given(metadata), self.options).tokenizer)
        if not isinstance(tokens, str) and not all(tokens.keeps(end, choice) for choice in choices):
            _log.warning(
                "%s: this tokenizer splits the end of the prompt, %r, in another way when an answer follows it. "
                "lm-eval scores answers after those other tokens, Inspect after the prompt as the model sees it: "
                "probabilities of the two harnesses may differ by more than 0.0001",
                self.config.task, end[-16:],
            )  # fmt: skip

    def doc_iterator(self, **arguments: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        """The documents, with what their prompts leave open, so that sample logs have it too."""
        for index, document in super().doc_iterator(**arguments):
            opened = self._opened.get(index)
            yield index, {**document, "opened": opened} if opened else document


@lru_cache(maxsize=16)
def _warn_once(message: str) -> None:
    """A warning that all tasks of a run have in common."""
    _log.warning(message)


def _given(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What the user gave, among the task's own entries."""
    return {name: value for name, value in metadata.items() if name not in _OWN}
