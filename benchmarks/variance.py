"""Does a hybrid reward lower variance? Trains a tiny policy by TRL's GRPO with several rewards and judges.

    python benchmarks/variance.py --out /tmp/variance [--seeds 10] [--steps 60] [--only noisy]

It needs TRL, which `make test-trl` puts into .trainers/trl (PYTHONPATH=.trainers/trl). Rewards and judges are the
package's own (`HybridReward`, `FunctionJudge`, the functions for TRL); the world that they judge is in
`variance_world.py`. The rewards:

- `outcome`: the behavior part alone, whether the user acts;
- `stratified`, `gated`, `weighted`, `geometric`: the hybrid reward of all five parts;
- `normalised`: the five parts, each normalised within its group, then added up (GDPO, arXiv 2601.05242).

Each is trained with each judge from the same start, with the same order of users. A run writes one file, and a run
whose file is there is not repeated, so it goes on where it was stopped. All 24 arms of a seed come before the next
seed. It takes about 20 minutes of one core for ten seeds. The tables are of the seeds for which all arms of a judge are
there.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer
from variance_tables import JUDGES, REWARDS, print_tables
from variance_world import LETTERS, World, acted, judge, rows, user_of

from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.rewards import HybridReward
from recrm_tasks.rewards.trainers.recrm_trl import hybrid_reward, part_rewards
from recrm_tasks.scoring.aggregate.dead_groups import dead_groups
from recrm_tasks.scoring.aggregate.forms import FORMS
from recrm_tasks.scoring.aggregate.parts import Parts

GROUP = 8
GROUPS = 4
"""Groups in a batch."""
RATE = 4e-3
"""The learning rate, constant."""
EQUAL = 1e-6
"""Rewards that differ by less are equal: those of float32."""


class Watch(TrainerCallback):
    """Keeps what each step's groups were worth."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.trainer: Any = None
        self.steps: list[dict[str, Any]] = []
        self.parts: list[list[list[float]]] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """See `TrainerCallback`."""
        logs = self.trainer._logs
        rewards = np.array(list(logs["rewards"].values())).reshape(-1, GROUPS, GROUP)
        advantages = np.array(logs["advantages"])
        users = [user_of(prompt) for prompt in self._asked()]
        gold = [self.world.gold(user, said) for user, said in zip(users, logs["completion"], strict=True)]
        self.steps.append(
            {
                "dead": _dead(rewards),
                "dead of 4": _dead(rewards.reshape(len(rewards), -1, 4)),
                "spread": float(rewards.sum(axis=0).std(axis=1).mean()),
                "advantage": float(advantages.var()),
                "gold": {key: float(np.mean([one[key] for one in gold])) for key in RECRM.keys},
            }
        )
        judged = [f"part {key}" for key in RECRM.keys if f"part {key}" in logs["extra"]]
        self.parts.append([list(logs["extra"][part]) for part in judged])

    def _asked(self) -> list[str]:
        of_prompt = {row["prompt"]: row["case"] for row in rows()}
        return [of_prompt[prompt] for prompt in self.trainer._logs["prompt"]]


def _dead(rewards: np.ndarray[Any, Any]) -> float:
    """The share of groups whose members are all worth the same, in every reward function."""
    return float((np.ptp(rewards, axis=2) < EQUAL).all(axis=0).mean())


def policy(seed: int) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """Two layers of random weights; its words are the options."""
    words = {letter: i for i, letter in enumerate((*LETTERS, "<end>"))}
    core = Tokenizer(models.WordLevel(words, unk_token="<end>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<end>", pad_token="<end>", padding_side="left"
    )
    torch.manual_seed(seed)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    end = words["<end>"]
    config = LlamaConfig(
        vocab_size=len(words),
        max_position_embeddings=16,
        pad_token_id=end,
        eos_token_id=end,
        bos_token_id=None,
        **shape,
    )
    return LlamaForCausalLM(config), tokenizer


def trained(kind: str, reward: str, seed: int, steps: int) -> dict[str, Any]:
    """One run: its numbers by step."""
    world = World(seed)
    one = judge(world, kind, seed)
    soft = one.mode == "logprob"
    if reward == "outcome":
        functions: Any = hybrid_reward(HybridReward(one, "weighted", dimensions=["behavior"], soft=soft), acted)
    elif reward == "normalised":
        functions = part_rewards(HybridReward(one, soft=soft), acted)
    else:
        functions = hybrid_reward(HybridReward(one, reward, soft=soft), acted)
    watch = Watch(world)
    with tempfile.TemporaryDirectory() as folder:
        arguments = GRPOConfig(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=GROUP * GROUPS,
            num_generations=GROUP,
            max_completion_length=5,
            generation_kwargs={"min_new_tokens": 5},
            multi_objective_aggregation="normalize_then_sum" if reward == "normalised" else "sum_then_normalize",
            learning_rate=RATE,
            lr_scheduler_type="constant",
            max_grad_norm=1e9,
            bf16=False,
            use_cpu=True,
            seed=seed,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        model, tokenizer = policy(seed)
        trainer = GRPOTrainer(
            model, functions, arguments, Dataset.from_list(rows()), processing_class=tokenizer, callbacks=[watch]
        )
        trainer.remove_callback(PrinterCallback)
        watch.trainer = trainer
        trainer.train()
    norms = [step["grad_norm"] for step in trainer.state.log_history if "grad_norm" in step]
    third = steps // 3
    return {
        "judge": kind,
        "reward": reward,
        "seed": seed,
        "steps": [{**step, "norm": float(norm)} for step, norm in zip(watch.steps, norms, strict=True)],
        "estimated": estimated(watch.parts[:third], reward),
    }


def estimated(parts: list[list[list[float]]], reward: str) -> dict[str, float] | None:
    """The share of dead groups that `recrm aggregate` would expect of these verdicts, by the size of a group."""
    if reward == "normalised":
        return None
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    keys = ["behavior"] if reward == "outcome" else RECRM.keys
    places = np.arange(len(columns[0]))
    found = [Parts((), places, np.arange(len(places) + 1), column, column) for column in columns]
    form = "weighted" if reward == "outcome" else reward
    dead = dead_groups(found, [RECRM.roles[key] for key in keys], {form: FORMS[form]}, (4, GROUP))[form]
    return {str(size): one.value for size, one in dead.items()}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder for a file of each run")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--only", choices=JUDGES, help="one judge")
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore", FutureWarning)
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seeds):
        for kind in [options.only] if options.only else JUDGES:
            for reward in REWARDS:
                file = options.out / f"{kind}-{reward}-{seed}.json"
                if file.exists():
                    continue
                began = time.process_time()
                done = trained(kind, reward, seed, options.steps)
                done["cpu_s"] = time.process_time() - began
                waiting = file.with_suffix(".part")
                waiting.write_text(json.dumps(done), encoding="utf-8")
                os.replace(waiting, file)
                print(f"{file.name}: {done['cpu_s']:.1f} s of CPU", flush=True)
    print_tables(options.out)


if __name__ == "__main__":
    main()
