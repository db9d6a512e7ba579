"""lm-eval's model `recrm-vllm`: its `vllm`, which answers all one-token answers to a prompt by one request.

lm-eval's own class sends every answer as a prompt of its own and has vLLM report the log-probabilities of the prompt.
vLLM neither reads nor fills its prefix cache for such requests. Here a prompt is sent once, without an answer, and vLLM
reports the log-probabilities of the answers' tokens for the first new token (`logprob_token_ids`). They are relative to
the whole vocabulary, as lm-eval's are, and the token that vLLM chooses tells which answer is greedy.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

from lm_eval.utils import simple_parse_args_string

from recrm_tasks.errors import RecrmError

try:
    from lm_eval.models.vllm_causallms import VLLM
    from vllm import SamplingParams
except ModuleNotFoundError as error:
    raise RecrmError(f"recrm-vllm needs {error.name}: pip install 'recrm-tasks[vllm]'") from None

from recrm_tasks.lm_eval_tasks.in_parts import InParts
from recrm_tasks.lm_eval_tasks.one_pass import (
    Answer,
    Encoded,
    Question,
    SameToken,
    contiguous,
    one_token_questions,
    prompts_of,
)
from recrm_tasks.models.usage import Usage

_log = logging.getLogger(__name__)

_LOGITS = ("raw_logits", "processed_logits")


class OnePassVLLM(InParts, VLLM):
    """lm-eval's `vllm`, with all its arguments. `loglikelihood` is answered in another way, with the same results.

    Continuations of several tokens, prompts that lm-eval cuts, `loglikelihood_rolling` and `generate_until` are
    answered in lm-eval's own way.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._same_token = SameToken()
        super().__init__(*arguments, **options)
        self.one_pass = _can_report(self.model_args.get("logprobs_mode"))
        """Whether all one-token answers to a prompt are asked for together."""

    @classmethod
    def create_from_arg_obj(
        cls, arg_dict: dict[str, Any], additional_config: dict[str, Any] | None = None
    ) -> OnePassVLLM:
        """Makes the model of `--model_args` and of `--batch_size` and `--device`; `--model_args` come first.

        lm-eval's command line gives a batch size of 1 if the user gives none, with which vLLM would answer one prompt
        at a time. Here it means `auto`; `batch_size=1` in `--model_args` is the user's own.
        """
        given = {name: value for name, value in (additional_config or {}).items() if value is not None}
        if str(given.get("batch_size")) == "1":
            given["batch_size"] = "auto"
        return cls(**{**given, **arg_dict})

    @classmethod
    def create_from_arg_string(cls, arg_string: str, additional_config: dict[str, Any] | None = None) -> OnePassVLLM:
        """The same for `--model_args` as text: `name=value,name=value`."""
        return cls.create_from_arg_obj(simple_parse_args_string(arg_string), additional_config)

    @property
    def prompts_at_once(self) -> int:
        """All, with data parallelism: lm-eval then starts the engines anew for every call."""
        return sys.maxsize if self.data_parallel_size > 1 else super().prompts_at_once

    def _loglikelihood_tokens(self, requests: list[Encoded], disable_tqdm: bool = False) -> list[Answer]:
        longest = self.max_length - 1
        questions, others = (
            one_token_questions(requests, longest, self.alike) if self.one_pass else ([], [*range(len(requests))])
        )
        answers: dict[int, Answer] = {}
        for question, output in zip(questions, self._first_tokens(questions), strict=True):
            self._same_token.look(question, requests)
            (found,) = output.outputs[0].logprobs
            most = max(one.logprob for one in found.values())  # the chosen token is always among them
            for token, places in question.answers.items():
                for place in places:
                    answers[place] = found[token].logprob, found[token].logprob == most
                    self.cache_hook.add_partial("loglikelihood", requests[place][0], answers[place])
        if others:
            rest = [requests[place] for place in others]
            answers.update(zip(others, super()._loglikelihood_tokens(rest, disable_tqdm=disable_tqdm), strict=True))
        self.meter.asks(prompts_of(requests, questions, set(others), longest))
        return [answers[place] for place in range(len(requests))]

    def _first_tokens(self, questions: Sequence[Question]) -> list[Any]:
        """vLLM's output for each question: one token."""
        size = len(questions) if self.batch_size == "auto" else int(self.batch_size)
        outputs: list[Any] = []
        for start in range(0, len(questions), size or 1):
            part = questions[start : start + size]
            order = contiguous(len(part), self.data_parallel_size)
            given = self._model_generate(
                requests=[list(part[i].prompt) for i in order],
                generate=True,
                sampling_params=[
                    SamplingParams(temperature=0, max_tokens=1, logprob_token_ids=part[i].ids, detokenize=False)
                    for i in order
                ],
            )
            by_place = dict(zip(order, given, strict=True))
            outputs += [by_place[i] for i in range(len(part))]
        return outputs

    def _model_generate(self, requests: list[list[int]], generate: bool = False, sampling_params: Any = None) -> Any:
        outputs = super()._model_generate(requests=requests, generate=generate, sampling_params=sampling_params)
        for prompt, output in zip(requests, outputs, strict=True):
            written = sum(len(one.token_ids) for one in output.outputs)
            self.meter.add(tuple(prompt), Usage(1, len(prompt), output.num_cached_tokens, written))
        return outputs


def _can_report(logprobs_mode: str | None) -> bool:
    """Whether this vLLM reports the log-probabilities of given tokens; a warning if not."""
    if not hasattr(SamplingParams, "logprob_token_ids"):
        why = "this vLLM does not report the log-probabilities of given tokens (0.32 does)"
    elif logprobs_mode in _LOGITS:
        why = f"logprobs_mode={logprobs_mode} reports logits"
    else:
        return True
    _log.warning("%s, so recrm-vllm asks for every answer by itself, as lm-eval's vllm does", why)
    return False
