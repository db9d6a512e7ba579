"""The parameters of the Inspect tasks: the options that both harnesses have, and two of Inspect's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from recrm_tasks.dimensions.base import MODES, Mode
from recrm_tasks.prompting.options import SWITCH, Option, Options, one_of


@dataclass(frozen=True)
class TaskOptions(Options):
    """The checked parameters of a task.

    lm-eval has a task for each `answer`, and takes `enable_thinking` as a model argument.
    """

    answer: Annotated[
        Mode,
        Option(one_of(MODES), "`generate` an answer, or read the `logprob` of each allowed answer."),
    ] = "generate"
    enable_thinking: Annotated[
        bool | None,
        Option(
            SWITCH,
            "Switches the thinking of a model on or off: `true` or `false`.",
            "what its chat template does",
        ),
    ] = None
