"""The world of `variance.py`: what an agent may do, what it is worth, and judges that see it well, softly or badly.

An agent answers with five letters, one option of eight for each dimension. Which option is how good depends on the
user, and has to be learned. The options of a dimension have the probabilities below, best first, in an order of each
user's own.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.rewards import FunctionJudge

LETTERS = "abcdefgh"
USERS = 4
HOLDS = (0.97, 0.9, 0.8, 0.65, 0.35, 0.2, 0.1, 0.03)
"""The probability that an option keeps the rules, and that its claims are grounded: half of the options hold."""
GRADES = ((0.9, 0.08), (0.7, 0.25), (0.2, 0.7), (0.15, 0.6), (0.1, 0.5), (0.1, 0.3), (0.05, 0.15), (0.02, 0.08))
"""The probabilities that it is relevant and partly relevant."""
ACTS = (0.9, 0.35, 0.25, 0.2, 0.15, 0.1, 0.08, 0.05)
"""The probability that the user acts: only the best option is more likely than not."""
_SAYS = {"instruction": "rule", "factual": "claim", "relevance": "kind", "behavior": "taste", "ranking": "place"}
"""The word before an option's letter, by dimension."""
WRONG = 0.2
"""How often a noisy judge guesses."""


class World:
    """What each option is worth to each user.

    Args:
        seed: of the orders of the options.
    """

    def __init__(self, seed: int) -> None:
        draw = random.Random(seed)
        self._places = [
            {key: dict(zip(LETTERS, draw.sample(range(8), 8), strict=True)) for key in RECRM.keys} for _ in range(USERS)
        ]

    def place(self, user: int, key: str, letter: str) -> int:
        """An option's place among the eight of a dimension, from 0, the best."""
        return self._places[user][key][letter]

    def gold(self, user: int, answer: str) -> dict[str, float]:
        """The parts of an answer as a judge without error or doubt gives them."""
        places = {key: self.place(user, key, letter) for key, letter in zip(RECRM.keys, answer.split(), strict=True)}
        grade = max(range(3), key=_shares("relevance", places["relevance"]).__getitem__)
        return {
            "instruction": float(HOLDS[places["instruction"]] > 0.5),
            "factual": float(HOLDS[places["factual"]] > 0.5),
            "relevance": 1 - grade / 2,
            "behavior": float(ACTS[places["behavior"]] > 0.5),
            "ranking": 1 - places["ranking"] / 7,
        }


def rows() -> list[dict[str, str]]:
    """A row for each user: the prompt, a letter, and the case in JSON."""
    found = []
    for user in range(USERS):
        about = {"profile": f"user {user}", "history": ["Park Hotel"], "context": "evening", "evidence": ["a list"]}
        case = {"instruction": "Keep the rules.", "query": f"a place for user {user}", "lang": "en", **about}
        found.append({"prompt": LETTERS[user], "case": json.dumps(case)})
    return found


def acted(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the agent did with its five letters, as fields of a case; the other candidates differ in their place."""
    rule, claim, kind, taste, place = text.split()
    items = [f"kind {kind}, taste {taste}, place {letter}" for letter in (place, *LETTERS.replace(place, ""))]
    return {"response": f"rule {rule}, claim {claim}", "items": items[:1], "candidates": items}


def user_of(text: str) -> int:
    """The user whom a question is about."""
    found = re.search(r"user (\d+)", text)
    assert found is not None
    return int(found[1])


def judge(world: World, kind: str, seed: int) -> FunctionJudge:
    """A judge of this world.

    Args:
        world: the world.
        kind: `hard`: writes the most probable answer. `soft`: gives the probabilities. `noisy`: is hard, but guesses
            one of five answers, anew each time. `votes`: gives the shares of five answers of the noisy one.
        seed: of the guesses.
    """
    draw = random.Random(seed)
    mode: Mode = "generate" if kind in ("hard", "noisy") else "logprob"

    def answer(prompt: Prompt) -> str | tuple[float, ...]:
        shares = _seen(world, prompt)
        if kind in ("noisy", "votes"):
            answers = [_one_answer(prompt, shares, draw) for _ in range(1 if kind == "noisy" else 5)]
            shares = [sum(one[i] for one in answers) / len(answers) for i in range(len(shares))]
        if mode == "logprob":
            return tuple(math.log(share) if share > 0 else -math.inf for share in shares)
        return _written(prompt, shares)

    return FunctionJudge(answer, mode, name=kind)


def _seen(world: World, prompt: Prompt) -> Sequence[float]:
    """The probability of each choice; of an order the share of each candidate, larger for better ones."""
    said, key = prompt.messages[-1].content, prompt.dimension
    user = user_of(said)
    places = [world.place(user, key, letter) for letter in re.findall(rf"{_SAYS[key]} ([a-h])\b", said)]
    if key == "ranking":
        assert len(places) == len(prompt.choices), said
        return [(8 - place) / 36 for place in places]
    (place,) = places
    return _shares(key, place)


def _shares(key: str, place: int) -> tuple[float, ...]:
    if key == "relevance":
        return (*GRADES[place], 1 - sum(GRADES[place]))
    share = ACTS[place] if key == "behavior" else HOLDS[place]
    return share, 1 - share


def _one_answer(prompt: Prompt, shares: Sequence[float], draw: random.Random) -> Sequence[float]:
    """The most probable answer, or a guess; all of its share at one choice, or an order."""
    order = prompt.dimension == "ranking"
    if draw.random() < WRONG:
        guesses = list(range(len(shares)))
        draw.shuffle(guesses)
        return [(guess + 1) / 36 for guess in guesses] if order else [float(guess == 0) for guess in guesses]
    return shares if order else [float(share == max(shares)) for share in shares]


def _written(prompt: Prompt, shares: Sequence[float]) -> str:
    """The answer as the kind of answer asks for it."""
    gold: Any = max(range(len(shares)), key=shares.__getitem__)
    if prompt.dimension == "behavior":
        gold = 1 - gold  # the first choice is yes
    if prompt.dimension == "ranking":
        gold = tuple(round(36 * share) for share in shares)
    return dimension_of(prompt.dimension).kind.answer(prompt._replace(gold=gold), "generate")
