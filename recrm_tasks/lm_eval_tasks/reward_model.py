"""lm-eval's model for reward models: `--model recrm-rm --model_args pretrained=PATH`, with the `_logprob` tasks."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from tqdm import tqdm

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.cost import turns_of
from recrm_tasks.lm_eval_tasks.results import prompt_of
from recrm_tasks.models.reward_model import BATCH, Asked, RewardModel

_TOGETHER = 256
"""The number of questions whose texts are sorted by length and batched together."""


class RewardModelLM(LM):
    """A model of `AutoModelForSequenceClassification`.

    Args:
        pretrained: its folder or name on the hub.
        batch_size: the most texts in one pass.
        classes: the names of the classes, in the order of the logits, separated by `|`.
        max_batch_size: passed by lm-eval; not used.
        device: the torch device. lm-eval's default is `cuda:0`, even without a GPU; so it is taken as no choice.
        options: those of `recrm_tasks.models.reward_model.RewardModel`.
    """

    def __init__(
        self,
        pretrained: str,
        batch_size: int | str = BATCH,
        classes: str | None = None,
        max_batch_size: int | None = None,
        device: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self._model = RewardModel(
            pretrained,
            batch_size=int(batch_size) if str(batch_size).isdecimal() else BATCH,
            classes=classes.split("|") if classes else None,
            device=None if device == "cuda:0" else device,
            **options,
        )

    @property
    def tokenizer_name(self) -> str:
        """For lm-eval's request cache."""
        return self._model.path

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """Returns the last turn: `loglikelihood` takes the turns from the document and applies the template itself."""
        return chat_history[-1]["content"]

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """The reward of each answer instead of its log-likelihood."""
        groups = [list(group) for _, group in groupby(requests, lambda request: (request.task_name, request.doc_id))]
        answers: list[tuple[float, bool]] = []
        with tqdm(total=len(groups), disable=disable_tqdm, desc="Running reward model") as progress:
            for start in range(0, len(groups), _TOGETHER):
                part = groups[start : start + _TOGETHER]
                for group, rewards in zip(part, self._model.rewards([_asked(g[0]) for g in part])[0], strict=True):
                    answers += [(rewards[request.idx], False) for request in group]
                progress.update(len(part))
        return answers

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Not supported: a reward model writes no text."""
        raise RecrmError(
            f"a reward model writes no text: use {requests[0].task_name}_logprob instead of {requests[0].task_name}"
        )

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """Not supported: a reward model has no likelihood of texts."""
        raise RecrmError("a reward model evaluates the recrm tasks only")


def _asked(request: Instance) -> Asked:
    if "dimension" not in request.doc:
        raise RecrmError("a reward model evaluates the recrm tasks only")
    prompt = prompt_of(request.doc)
    names = dimension_of(request.doc["dimension"]).kind.class_names(prompt)
    return Asked(tuple(turns_of(request.doc)), prompt.choices, names)
