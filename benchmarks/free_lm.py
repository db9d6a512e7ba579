"""The model of `free_model.py` for lm-eval: the same answers to the same prompts."""

from __future__ import annotations

import json
import math
from typing import Any

from free_model import chance_of
from lm_eval.api.model import LM


class FreeLM(LM):
    """Answers the behavior dimension, in both answer modes."""

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        """A probability."""
        return [json.dumps({"probability": chance_of(request.args[0])}) for request in requests]

    def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """The log-probability of A or B."""
        found = []
        for request in requests:
            context, choice = request.args
            chance = chance_of(context)
            found.append((math.log(chance if choice.strip() == "A" else 1 - chance), False))
        return found

    def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> list[float]:
        """Not needed."""
        raise NotImplementedError
