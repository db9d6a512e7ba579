"""The completions API of a server, asked for the log-probabilities of all one-token answers to a prompt at once."""

from __future__ import annotations

import logging
from itertools import chain
from typing import Any

import requests as http

from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.counted_api import CountedAPI
from recrm_tasks.lm_eval_tasks.in_parts import InParts
from recrm_tasks.lm_eval_tasks.one_pass import Answer, Encoded, Question, SameToken, one_token_questions, prompts_of
from recrm_tasks.lm_eval_tasks.start_token import WithStartToken

_log = logging.getLogger(__name__)

_UNKNOWN = 2048
"""lm-eval's own default for the context of servers."""
_TOKEN = "token_id:"
"""Before the id of a token, where a server is asked for ids instead of texts."""


class CompletionsServer(InParts, CountedAPI, WithStartToken):
    """lm-eval's `local-completions`, with all its arguments. `loglikelihood` is answered in another way, and prompts
    have the start token that lm-eval's `vllm` gives them (`WithStartToken`).

    Its own way sends every answer as a prompt of its own and reads the log-probabilities of the prompt. Here the server
    gets the prompt without an answer, and reports the log-probabilities of the answers' tokens for the first new token
    (`logprob_token_ids`). The first question goes alone: a server that does not report them is asked in lm-eval's own
    way, with a warning. So are continuations of several tokens, and prompts that lm-eval cuts.

    Args:
        max_length: tokens of a prompt with its answer. By default what the server says, as vLLM's does; lm-eval's own
            default is 2048, and it cuts longer prompts.
        options: those of `LocalCompletionsAPI` and of `WithStartToken`.
    """

    def __init__(self, max_length: int | None = None, **options: Any) -> None:
        super().__init__(max_length=max_length or _UNKNOWN, **options)
        if self.template and not (self.tokenizer_backend == "huggingface" and self.tokenized_requests):
            raise RecrmError("arguments of the chat template need tokenizer_backend=huggingface and tokenized requests")
        if max_length is None:
            self.max_length = self._served_length() - 1
        self._same_token = SameToken()
        self._together: bool | None = None
        """Whether the server reports the log-probabilities of given tokens; None while that is not known."""

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> Any:
        """See `TemplateAPI.apply_chat_template`."""
        if not self.template:
            return super().apply_chat_template(chat_history, add_generation_prompt)
        return self.tokenizer.apply_chat_template(
            chat_history,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
            **self.template,
        )

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[Answer]:
        """See `InParts.loglikelihood`.

        Raises:
            RecrmError: there is no tokenizer.
        """
        if self.tokenizer is None:
            raise RecrmError(
                "log-probabilities from a completions API need the model's tokenizer: give tokenizer=PATH or name and "
                "tokenizer_backend=huggingface, or use api=chat"
            )
        return super().loglikelihood(requests, disable_tqdm=disable_tqdm)

    def _served_length(self) -> int:
        """The context of the model by the server's list of models."""
        try:
            reply = http.get(
                self.base_url.removesuffix("/completions") + "/models",
                headers=self.header,
                verify=self.verify_certificate,
                timeout=self.timeout,
            )
            models = reply.json()["data"]
            return next((int(one["max_model_len"]) for one in models if one["id"] == self.model), _UNKNOWN)
        except (http.RequestException, ValueError, LookupError, TypeError):
            return _UNKNOWN  # a server that is not there is reported with the first question

    def _loglikelihood_tokens(self, requests: list[Encoded], **options: Any) -> list[Answer]:
        questions, others = one_token_questions(requests, self.max_length, self.alike)
        answers: dict[int, Answer] = {}
        for question, found in zip(questions, self._asked(questions), strict=True):
            self._same_token.look(question, requests)
            if found is None:
                others += chain(*question.answers.values())
                continue
            most = max(found.values())  # the chosen token is always among them
            for token, places in question.answers.items():
                for place in places:
                    answers[place] = found[token], found[token] == most
                    self.cache_hook.add_partial("loglikelihood", requests[place][0], answers[place])
        if others:
            rest = [requests[place] for place in others]
            answers.update(zip(others, super()._loglikelihood_tokens(rest, **options), strict=True))
        self.meter.asks(prompts_of(requests, questions, set(others), self.max_length))
        return [answers[place] for place in range(len(requests))]

    def _asked(self, questions: list[Question]) -> list[dict[int, float] | None]:
        """The log-probabilities of the answers' tokens and of the most likely one; None for what was not reported."""
        if self._together is False:
            return [None] * len(questions)
        first = questions[:1] if self._together is None else []
        found: list[dict[int, float] | None] = self.ask(first, alone=True)
        if found:
            self._together = found != [None]
        if self._together is False:
            _log.warning(
                "%s does not report the log-probabilities of given tokens (vLLM 0.32 does), so recrm-server asks for "
                "every answer by itself, as local-completions does",
                self.base_url,
            )
            return [None] * len(questions)
        return found + self.ask(questions[len(found) :])

    def body_of(self, question: Question) -> dict[str, Any]:
        """See `CountedAPI.body_of`."""
        return {
            "model": self.model,
            "prompt": self.create_message([list(question.prompt)]),
            "max_tokens": 1,
            "temperature": 0,
            "repetition_penalty": 1.0,  # vLLM takes another one from the model's generation_config.json
            "seed": self._seed,
            "logprobs": 1,
            "logprob_token_ids": question.ids,
            "return_tokens_as_token_ids": True,
        }

    def read(self, question: Question, output: Any) -> dict[int, float] | None:
        """See `CountedAPI.read`."""
        (choice,) = output["choices"]
        top = ((choice.get("logprobs") or {}).get("top_logprobs") or [None])[0] or {}
        ids = {token.removeprefix(_TOKEN): logprob for token, logprob in top.items() if token.startswith(_TOKEN)}
        found = {int(token): float(logprob) for token, logprob in ids.items()}
        return found if found.keys() >= question.answers.keys() else None

    def prompt_of(self, question: Question) -> tuple[int, ...]:
        """See `CountedAPI.prompt_of`."""
        return question.prompt
