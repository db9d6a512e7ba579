"""Log-likelihoods of many requests: in the order of their prompts, and not all of them tokenized at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby
from typing import Any

from lm_eval.api.model import TemplateLM

from recrm_tasks.lm_eval_tasks.one_pass import Answer, Meter

_PROMPTS = 4_096
"""Prompts that are tokenized and sent together: the token lists of a million would take more memory than there is."""


class InParts(TemplateLM):
    """Passes requests on to the model of lm-eval that comes next among the base classes, and counts what they cost."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.meter = Meter()
        self._encoded: dict[str, list[int]] = {}
        """The tokens of the texts that are asked about now."""
        self.alike: set[str] = set()
        """The contexts whose allowed answers are alike but for their last token: see `one_token_questions`."""
        super().__init__(*arguments, **options)

    @property
    def prompts_at_once(self) -> int:
        """The prompts that are sent together."""
        return _PROMPTS

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[Answer]:
        """See `TemplateLM.loglikelihood`. Requests are sent in the order of their contexts."""
        order = sorted(range(len(requests)), key=lambda place: requests[place].args[0])
        by_context = [list(places) for _, places in groupby(order, key=lambda place: requests[place].args[0])]
        answers: dict[int, Answer] = {}
        for start in range(0, len(by_context), self.prompts_at_once):
            places = list(chain.from_iterable(by_context[start : start + self.prompts_at_once]))
            part = [requests[place] for place in places]
            self._encoded = self._encode([pair for request in part for pair in (request.args, *_answers(request))])
            try:
                self.alike = self._alike(part)
                answers.update(zip(places, super().loglikelihood(part, disable_tqdm=disable_tqdm), strict=True))
            finally:
                self._encoded = {}
            self.meter.charge(part)
        return [answers[place] for place in range(len(requests))]

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """See `LM.generate_until`."""
        self.meter.asks([request.args[0] for request in requests])  # unless they are tokenized here
        answers: list[str] = super().generate_until(requests, disable_tqdm=disable_tqdm)
        self.meter.charge(requests)
        return answers

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """See `LM.loglikelihood_rolling`. None of these requests is of our tasks."""
        answers: list[float] = super().loglikelihood_rolling(requests, disable_tqdm=disable_tqdm)
        self.meter.forget()
        return answers

    def tok_encode(self, string: Any, add_special_tokens: bool | None = None, **options: Any) -> Any:
        """See `TemplateLM.tok_encode`."""
        if add_special_tokens is None and not options and isinstance(string, str) and string in self._encoded:
            return self._encoded[string]
        given = options if add_special_tokens is None else {**options, "add_special_tokens": add_special_tokens}
        ids = super().tok_encode(string, **given)
        if not isinstance(string, str):  # lm-eval encodes the prompts of generate_until together
            self.meter.asks([tuple(one) for one in ids])
        return ids

    def _alike(self, requests: Sequence[Any]) -> set[str]:
        """By all answers of a document of ours, asked for now or not: some may be in lm-eval's cache."""
        found: dict[str, bool] = {}
        for request in requests:
            context, answers = request.args[0], _answers(request)
            if context not in found and context and answers:
                pairs = [self._encode_pair(*pair) for pair in answers]
                heads = {(*before, *answer[:-1]) for before, answer in pairs}
                found[context] = len(heads) == 1 and all(answer for _, answer in pairs)
        return {context for context, alike in found.items() if alike}

    def _encode(self, pairs: Sequence[tuple[str, str]]) -> dict[str, list[int]]:
        """The tokens of the texts that `TemplateLM` encodes one by one. A fast tokenizer encodes many in parallel."""
        texts = dict.fromkeys(
            text for context, answer in pairs if context for text in (context.rstrip() or context, context + answer)
        )
        return dict(zip(texts, super().tok_encode(list(texts)), strict=True)) if texts else {}


def _answers(request: Any) -> list[tuple[str, str]]:
    """The context of a document of ours with each of its allowed answers; none for other documents."""
    if "dimension" not in request.doc:
        return []
    context, answer = request.args
    choices = request.doc["choices"]
    delimiter = answer.removesuffix(choices[request.idx])
    return [(context, delimiter + choice) for choice in choices]
