"""The parameters of the Inspect tasks: the options that both harnesses share, and those that only Inspect has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from recrm_tasks.answers.prompt import MODES, Mode
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.prompting.asked_order import ORDERS, Order
from recrm_tasks.prompting.options import SWITCH, TEXT, Option, Options, one_of
from recrm_tasks.robustness.stress_options import DimensionsOption


@dataclass(frozen=True)
class TaskOptions(Options):
    """The checked parameters of a task.

    lm-eval has a separate task for each `answer`, and takes `enable_thinking` as a model argument. Its
    models put questions in an order themselves.
    """

    answer: Annotated[
        Mode | None,
        Option(
            one_of(MODES),
            "`generate` an answer, or read the `logprob` of each allowed answer.",
            "`generate`; of a reward model, which writes no text, `logprob`",
        ),
    ] = None
    enable_thinking: Annotated[
        bool | None,
        Option(
            SWITCH,
            "Switches the thinking of a model on or off: `true` or `false`.",
            "what its chat template does",
        ),
    ] = None
    order: Annotated[
        Order,
        Option(
            one_of(ORDERS),
            "The order of the questions: `balanced`, of which the first N are a balanced sample, or `grouped`, in "
            "which those of one user or query follow one another.",
        ),
    ] = "balanced"


@dataclass(frozen=True)
class BenchOptions(TaskOptions):
    """The checked parameters of the task `bench`. lm-eval has a group for each suite."""

    suite: Annotated[str, Option(TEXT, "The suite whose dimensions are asked.")] = RECRM.name


@dataclass(frozen=True)
class StressOptions(TaskOptions):
    """The checked parameters of the task `stress`; lm-eval's stress tasks have `dimensions` too."""

    dimensions: DimensionsOption = None
