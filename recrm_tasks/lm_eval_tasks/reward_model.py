"""lm-eval's model for reward models: `--model recrm-rm --model_args pretrained=PATH`, with the `_logprob` tasks."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.utils import simple_parse_args_string
from tqdm import tqdm

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.cost import count_request, turns_of
from recrm_tasks.lm_eval_tasks.results import prompt_of
from recrm_tasks.models.reward_model import BATCH, Asked, RewardModel
from recrm_tasks.models.usage import Usage

_TOGETHER = 256
"""The number of questions whose texts are sorted by length and batched together."""


class RewardModelLM(LM):
    """A model of `AutoModelForSequenceClassification`.

    Args:
        pretrained: the folder, or the name on the hub, of the model or of an adapter (PEFT).
        batch_size: the most texts in one pass.
        classes: the names of the classes, in the order of the logits, separated by `|`.
        max_batch_size: passed by lm-eval; not used.
        device: the torch device. lm-eval's default is `cuda:0`, even without a GPU; so it is taken as no choice.
        peft: lm-eval's name for an adapter; refused, since the adapter is given as `pretrained`.
        options: those of `recrm_tasks.models.reward_model.RewardModel`.
    """

    def __init__(
        self,
        pretrained: str,
        batch_size: int | str = BATCH,
        classes: str | None = None,
        max_batch_size: int | None = None,
        device: str | None = None,
        peft: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        if peft is not None:
            raise RecrmError(
                f"recrm-rm takes an adapter itself, whose adapter_config.json names the base model: pretrained={peft}"
            )
        self._model = RewardModel(
            pretrained,
            batch_size=batch_size,
            classes=classes.split("|") if classes else None,
            device=None if device == "cuda:0" else device,
            **options,
        )

    @classmethod
    def create_from_arg_obj(
        cls, arg_dict: dict[str, Any], additional_config: dict[str, Any] | None = None
    ) -> RewardModelLM:
        """Makes the model of `--model_args` and of `--batch_size` and `--device`.

        lm-eval's command line gives a batch size and a device even if the user gives none, so those in `--model_args`
        come first.
        """
        given = {name: value for name, value in (additional_config or {}).items() if value is not None}
        return cls(**{**given, **arg_dict})

    @classmethod
    def create_from_arg_string(cls, arg_string: str, additional_config: dict[str, Any] | None = None) -> RewardModelLM:
        """The same for `--model_args` as text: `name=value,name=value`."""
        return cls.create_from_arg_obj(simple_parse_args_string(arg_string), additional_config)

    @property
    def tokenizer_name(self) -> str:
        """For lm-eval's request cache."""
        return self._model.path

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """Returns the last turn: `loglikelihood` takes the turns from the document and applies the template itself."""
        return chat_history[-1]["content"]

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """The reward of each answer, or of each content, instead of its log-likelihood."""
        groups = [list(group) for _, group in groupby(requests, lambda request: (request.task_name, request.doc_id))]
        answers: list[tuple[float, bool]] = []
        with tqdm(total=len(groups), disable=disable_tqdm, desc="Running reward model") as progress:
            for start in range(0, len(groups), _TOGETHER):
                part = groups[start : start + _TOGETHER]
                found = zip(*self._model.rewards([_asked(group[0]) for group in part]), strict=True)
                for group, (rewards, tokens) in zip(part, found, strict=True):
                    count_request(group[0], Usage(requests=1, tokens_in=tokens, tokens_out=0))
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
    names = dimension_of(request.doc["dimension"]).kind.class_names(prompt) if prompt.reads == "letters" else ()
    return Asked(tuple(turns_of(request.doc)), prompt.choices, names, prompt.reads)
