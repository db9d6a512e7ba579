"""A reward model of `AutoModelForSequenceClassification` as a judge, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.rewards.judges.in_process import InProcess
from recrm_tasks.rewards.judges.judge import Heard, Reply

_TOGETHER = 256
"""The number of questions whose texts are sorted by length and batched together."""


class RewardModelJudge:
    """The model that `recrm-rm` evaluates in both harnesses, asked in the same way.

    Its rewards are used like log-probabilities, see `recrm_tasks.models.reward_model`. It pickles; a copy loads the
    model when it is asked for the first time.

    Args:
        path: a folder, or a name on the hub, of a model or of an adapter (PEFT).
        batch_size: the most texts in one pass.
        name: what results call it; by default the path, with the options.
        options: those of `RewardModel`: `device`, `dtype`, `max_length`, `classes`, `engine` and others.

    Raises:
        RecrmError: torch or transformers is not installed, or the model cannot be used.

    Example:
        >>> judge = RewardModelJudge("Skywork/Skywork-Reward-V2-Qwen3-8B")
    """

    mode: Mode = "logprob"

    def __init__(self, path: str, batch_size: int = 16, name: str | None = None, **options: Any) -> None:
        shown = (f"{key}={value!r}" for key, value in options.items() if key != "api_key")
        self.name = name or ", ".join([path, *shown])
        self._model = InProcess(partial(RewardModel, path, batch_size, **options))
        with self._model.used() as model:  # so that a mistake is reported now
            if model.reads == "content":
                raise RecrmError(
                    f"{path!r} reads content, but a judge is asked the questions of the dimensions: use a reward model "
                    "that reads letters, or a language model"
                )

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        """See `Judge.ask`. A text that is too long for the model is the error of its reply."""
        replies: list[Reply] = []
        for start in range(0, len(prompts), _TOGETHER):
            part = await asyncio.to_thread(self._replies, prompts[start : start + _TOGETHER])
            for reply in part:
                if heard is not None:
                    heard(len(replies), reply)
                replies.append(reply)
        return replies

    def _replies(self, prompts: Sequence[Prompt]) -> list[Reply]:
        with self._model.used() as model:
            try:
                rewards, tokens = model.rewards([_asked(prompt) for prompt in prompts])
            except RecrmError as error:
                if len(prompts) == 1:
                    return [Reply(None, error=str(error))]
            else:
                return [Reply(tuple(said), count, 0) for said, count in zip(rewards, tokens, strict=True)]
        # One of them cannot be asked.
        return [reply for prompt in prompts for reply in self._replies([prompt])]


def _asked(prompt: Prompt) -> Asked:
    return Asked(prompt.messages, prompt.choices, dimension_of(prompt.dimension).kind.class_names(prompt))
