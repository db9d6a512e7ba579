"""What batches by length and by tokens save in a reward model of transformers, on the CPU.

    python benchmarks/reward_batches.py MODEL [--data DATA] [--limit 12] [--batch 16] [--rounds 2]

MODEL is the folder of a model of `AutoModelForSequenceClassification`, or of a language model, which then gets a head
of random weights. The texts are the questions of all dimensions with each allowed answer. Four ways of making passes of
them are measured by turns, in one order and then in the other, in one process:

- `in order, by number`: --batch texts in a pass, in the order of the records;
- `by length, by number`: the same, of similar length (`batch_size`);
- `by length, by tokens`: as many tokens in a pass as --batch texts of the mean length have (`max_batch_tokens`);
- `by length, half the tokens`.

It prints the passes, the padded tokens, the seconds, the ratio to the first way, and the largest difference of a score.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import RecrmError
from recrm_tasks.models import transformers_classifier
from recrm_tasks.models.batches import batches
from recrm_tasks.models.classifier import Tokens
from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.prompting import Backend, Options, load_questions


def with_head(folder: str, to: str) -> str:
    """The model with one logit; the head's weights are random, with a fixed seed."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1, dtype="float32")
    model.save_pretrained(to)
    AutoTokenizer.from_pretrained(folder).save_pretrained(to)
    return to


def questions(data: str, limit: int) -> list[Asked]:
    """Those of all dimensions in turn."""
    of_each = []
    for key in dimensions():
        prompts = load_questions(key, "logprob", Backend(), Options(data=data, limit=limit))[0]
        names = dimension_of(key).kind.class_names
        of_each.append([Asked(p.messages, p.choices, names(p)) for p in prompts])
    return [one for turn in zip(*of_each, strict=False) for one in turn]


def in_order(lengths: Sequence[int], most: int | None, most_tokens: int | None) -> Iterator[list[int]]:
    """Passes of `most` texts as they come."""
    assert most is not None
    yield from (list(range(len(lengths)))[start : start + most] for start in range(0, len(lengths), most))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", default="sample")
    parser.add_argument("--limit", type=int, default=12, help="records of each dimension")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            model = RewardModel(options.model, reads="letters")
        except RecrmError:  # its head is not trained
            model = RewardModel(with_head(options.model, folder), reads="letters")
        asked = questions(options.data, options.limit)
        texts: list[Tokens] = [model._encode(one, choice) for one in asked for choice in one.choices]
        measure(model, texts, options.batch, options.rounds)


def measure(model: RewardModel, texts: Sequence[Tokens], batch: int, rounds: int) -> None:
    """Prints the figures of each way."""
    lengths = [len(text["input_ids"]) for text in texts]
    tokens = batch * round(statistics.mean(lengths))
    print(f"{len(texts)} texts of {min(lengths)} to {max(lengths)} tokens, {sum(lengths):,} together", flush=True)
    ways = {
        "in order, by number": (in_order, batch, None),
        "by length, by number": (batches, batch, None),
        "by length, by tokens": (batches, None, tokens),
        "by length, half the tokens": (batches, None, tokens // 2),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    found: dict[str, list[float]] = {}
    classifier = model.classifier
    classifier.logits(texts[:batch])  # the first pass is slower
    for turn in range(rounds):
        for name in ways if turn % 2 == 0 else reversed(ways):
            make, most, most_tokens = ways[name]
            transformers_classifier.batches = make  # type: ignore[attr-defined]
            classifier.batch_size, classifier.max_batch_tokens = most, most_tokens  # type: ignore[attr-defined]
            began = time.perf_counter()
            found[name] = [row[0] for row in classifier.logits(texts)]
            seconds[name].append(time.perf_counter() - began)
    first = next(iter(ways))
    for name, (make, most, most_tokens) in ways.items():
        passes = list(make(lengths, most, most_tokens))
        padded = sum(len(part) * max(lengths[i] for i in part) for part in passes)
        took = " and ".join(f"{one:.1f}" for one in seconds[name])
        ratio = sum(seconds[name]) / sum(seconds[first])
        off = max(abs(a - b) for a, b in zip(found[name], found[first], strict=True))
        print(
            f"{name}: {len(passes)} passes, {padded:,} tokens with padding ({padded / sum(lengths):.2f} times), "
            f"{took} s, ratio {ratio:.2f}, scores within {off:.1e}"
        )


if __name__ == "__main__":
    main()
