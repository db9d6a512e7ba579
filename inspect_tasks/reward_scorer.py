"""The hybrid reward as a scorer of anyone's task: a judge is asked about what a recommender agent did."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import ChatMessageAssistant, Model, get_model
from inspect_ai.model._model import active_model, sample_model_usage
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.scorer._scorer import scorer_register
from inspect_ai.solver import TaskState

from inspect_tasks import task_case
from inspect_tasks.model_judge import ModelJudge
from inspect_tasks.task_case import Extractors
from recrm_tasks.answers.prompt import ANSWER_TOKENS, MODES, Mode
from recrm_tasks.dimensions.rendering import Text
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards.agent_turn import Reading
from recrm_tasks.rewards.batch_reward import BatchReward
from recrm_tasks.rewards.combine import Missing
from recrm_tasks.rewards.explained import explained
from recrm_tasks.rewards.hybrid_reward import HybridReward, OnError
from recrm_tasks.rewards.judges.judge import Judge
from recrm_tasks.rewards.named_items import name_of, named_items, offered_in, resolved
from recrm_tasks.rewards.reward_metrics import Judged, numbers
from recrm_tasks.scoring.aggregate.forms import DEFAULT

GRADER = "grader"
"""The role of the model that judges."""
_JUDGED = "judged"
"""The entry of a score's metadata that the metrics are computed from."""
_OWN = "The judge is the agent's own model."


@metric(scores="unreduced")
def reward_metrics() -> Metric:
    """The reward by each form, the parts, and what is missing: `reward`, `reward_stderr`, `reward_low`, …"""

    def compute(scores: list[SampleScore]) -> Value:
        return dict(numbers([Judged(**(entry.score.metadata or {})[_JUDGED]) for entry in scores]))

    return compute


@scorer(metrics=[reward_metrics()])
def recrm_reward(
    judge: str | Model | Judge | None = None,
    mode: Mode | None = None,
    form: str = DEFAULT,
    weights: Mapping[str, float] | None = None,
    dimensions: Sequence[str] = RECRM.keys,
    missing: Missing = "drop",
    on_error: OnError = "raise",
    max_tokens: int = ANSWER_TOKENS,
    rules: Callable[[TaskState], str | None] = task_case.rules,
    query: Callable[[TaskState], str | None] = task_case.query,
    evidence: Callable[[TaskState], Sequence[Text] | None] = task_case.evidence,
    candidates: Callable[[TaskState], Sequence[Text] | None] = task_case.candidates,
    response: Callable[[TaskState], str | None] = task_case.response,
    completion: Reading = named_items,
    fields: Mapping[str, str] | None = None,
    taken: str = "taken",
) -> Scorer:
    """The hybrid reward of what an agent did.

    A run without an answer is worth 0, and so are its parts; nothing is asked about it.

    Args:
        judge: a model of Inspect or its name, or a judge of `recrm_tasks.rewards`; by default the model in the role
            `grader`, and without one the model of the run.
        mode: how a model of Inspect answers: `generate` or `logprob`; see `ModelJudge`.
        form: see `HybridReward`, also for `weights`, `dimensions`, `missing` and `on_error`.
        weights: of dimensions.
        dimensions: those that are asked.
        missing: what a missing part does.
        on_error: what happens where the judge does not answer.
        max_tokens: the most tokens of an answer that the judge writes.
        rules: finds the case's `instruction` in the final state; see `Extractors`, also for what follows.
        query: finds what the user asked for.
        evidence: finds what the agent retrieved.
        candidates: finds what it could have recommended.
        response: finds what it said at the end.
        completion: what that text is.
        fields: keys of the sample's metadata by field of the case.
        taken: the key of what the user took.

    Raises:
        PrerequisiteError: an argument is not allowed.
    """
    try:
        extractors = Extractors(rules, query, evidence, candidates, response, completion, fields, taken)
        # The judge follows when the run has its models.
        asked = HybridReward(cast(Judge, None), form, weights or {}, tuple(dimensions), missing, on_error)
        find = _Judges(judge, mode, max_tokens)
    except RecrmError as error:
        raise PrerequisiteError(str(error)) from None

    async def score(state: TaskState, target: Target) -> Score:
        reward = replace(asked, judge=find())
        own = _is_agents(reward.judge, state)
        given = extractors.given(state)
        case = extractors.case(state, given)
        (found,) = await BatchReward(reward).of_cases_async([case])
        items = () if case is None else case.recommended
        taken_items = _listed((state.metadata or {}).get(extractors.taken))
        offered = offered_in(given)
        judged = Judged.of(
            found,
            reward.roles,
            missing,
            cluster=str((state.metadata or {}).get("group") or state.sample_id),
            judge_is_agent=own,
            hit=None if taken_items is None else any(resolved(item, items) in items for item in taken_items),
            not_offered=any(resolved(item, offered) not in offered for item in items) if offered else None,
        )
        value = {"reward": found.value, **found.parts}
        details = found.to_json()
        return Score(
            # NaN, which Inspect's reducers leave out, and not None, which they count as 0.
            value={name: math.nan if one is None else one for name, one in value.items()},
            answer="; ".join(map(name_of, items)) or None,
            explanation=explained(found, form, reward.judge.name, _OWN if own else ""),
            metadata={
                _JUDGED: {
                    name: dict(one) if isinstance(one, Mapping) else one for name, one in judged._asdict().items()
                },
                "judge": reward.judge.name,
                "missing": details["missing"],
                "taken": taken_items,
                "case": None if case is None else case.model_dump(exclude_unset=True),
                "asked": details["asked"],
                "tokens_in": found.tokens_in,
                "tokens_out": found.tokens_out,
                "versions": reward.versions,
            },
        )

    return score


class _Judges:
    """The judge of each sample: the model of a role is known only within a run."""

    def __init__(self, judge: str | Model | Judge | None, mode: Mode | None, max_tokens: int) -> None:
        if mode not in (None, *MODES):
            raise RecrmError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        self._mode, self._max_tokens = mode, max_tokens
        self._of_models: dict[int, ModelJudge] = {}
        self._given = get_model(judge) if isinstance(judge, str) else judge
        if self._given is None or isinstance(self._given, Model):
            return
        if not hasattr(self._given, "ask"):
            raise RecrmError(f"judge must be a model of Inspect or a judge of recrm_tasks.rewards, not {judge!r}")
        if mode is not None:
            raise RecrmError(f"mode is for models of Inspect; the judge {self._given.name} has its own")

    def __call__(self) -> Judge:
        if self._given is not None and not isinstance(self._given, Model):
            return self._given
        model = self._given or get_model(role=GRADER)
        if id(model) not in self._of_models:  # a judge keeps its model, so that the number stays its own
            self._of_models[id(model)] = ModelJudge(model, self._mode, self._max_tokens)
        return self._of_models[id(model)]


def _is_agents(judge: Judge, state: TaskState) -> bool:
    """Whether a turn of the agent is of the same model as the judge, which has not been asked yet."""
    used = {turn.model for turn in state.messages if isinstance(turn, ChatMessageAssistant) and turn.model}
    used |= sample_model_usage().keys()  # a provider may call a model otherwise in its turns
    used = used or {str(state.model), state.model.name}
    agent = active_model()
    if agent is not None and {str(agent), agent.name} & used:
        used |= _names_of(agent)
    judges = _names_of(judge.model) if isinstance(judge, ModelJudge) else {judge.name.partition(", ")[0]}
    return bool(used & judges)


def _names_of(model: Model) -> set[str]:
    """Its name, or where its weights are, if `hf/` has any name for them."""
    path = model.model_args.get("model_path")
    return {path} if isinstance(path, str) else {str(model), model.name}


def _listed(taken: Any) -> list[Text] | None:
    """What the user took: one item or several, as texts, objects or ids."""
    several = taken if isinstance(taken, list | tuple) or taken is None else [taken]
    return None if several is None else [one if isinstance(one, str | dict) else str(one) for one in several]


# Inspect finds it under the name of the distribution too, however that is installed.
scorer_register(cast(Any, recrm_reward), "recrm_tasks/recrm_reward")
