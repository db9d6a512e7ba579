"""GRPO with TRL: a small agent recommends places of the sample, and a judge on a server gives the hybrid reward.

    vllm serve demo/out/SmolLM2-135M-Instruct --max-model-len 2048 --served-model-name judge
    python examples/grpo_trl.py --policy demo/out/SmolLM2-135M-Instruct --model judge --steps 20

It shows how the pieces fit together. A 135M model, a judge of that size and 14 prompts teach nothing.
"""

from __future__ import annotations

import argparse
import json

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

from recrm_tasks.data import load
from recrm_tasks.rewards import CachedJudge, HybridReward, ServerJudge, named_items
from recrm_tasks.rewards.trainers.recrm_trl import hybrid_reward, part_rewards

RULES = "Recommend one or two of the places in the list, by name, the best first. Give a short reason for each."


def prompts() -> Dataset:
    """A row per list of the sample: the prompt, and the case as one column of JSON."""
    rows = []
    for record in load("ranking", "sample").records():
        if record.lang != "en" or record.query is None:
            continue
        places = [candidate.text for candidate in record.candidates]
        user = "\n".join([f"About me: {record.profile}", f"Now: {record.context}", record.query, "Places:", *places])
        case = {
            "id": record.id, "lang": "en", "instruction": RULES, "query": record.query, "evidence": places,
            "candidates": places, "profile": record.profile, "history": record.history, "context": record.context,
        }  # fmt: skip
        prompt = [{"role": "system", "content": RULES}, {"role": "user", "content": user}]
        rows.append({"prompt": prompt, "case": json.dumps(case)})
    return Dataset.from_list(rows)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", required=True, help="the model that is trained: a folder or a name on the hub")
    parser.add_argument("--url", default="http://127.0.0.1:8000/v1", help="the judge's server")
    parser.add_argument("--model", required=True, help="the judge's name on its server")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=48, help="of a completion")
    parser.add_argument("--parts", action="store_true", help="TRL weights and normalises each part by itself (GDPO)")
    parser.add_argument("--out", default="grpo-out")
    options = parser.parse_args()

    judge = CachedJudge(ServerJudge(options.model, options.url, mode="logprob"))
    # An agent that names no place earns nothing for its items. If the judge does not answer, a completion is left out.
    reward = HybridReward(judge, missing="zero", on_error="none")
    trainer = GRPOTrainer(
        model=options.policy,
        reward_funcs=part_rewards(reward, named_items) if options.parts else hybrid_reward(reward, named_items),
        args=GRPOConfig(
            output_dir=options.out,
            max_steps=options.steps,
            per_device_train_batch_size=4,
            num_generations=4,
            max_completion_length=options.tokens,
            multi_objective_aggregation="normalize_then_sum" if options.parts else "sum_then_normalize",
            model_init_kwargs={"dtype": "float32"},
            bf16=False,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
        ),
        train_dataset=prompts(),
    )
    trainer.train()
    shown = ["reward", "reward_std", *(f"recrm/{key}" for key in reward.dimensions), "recrm/failed", "recrm/empty"]
    print("step", *(name.removeprefix("recrm/") for name in shown), sep="\t")
    for step in trainer.state.log_history:
        if "reward" in step:
            # None: no completion of the step has it.
            values = [step.get(name) for name in shown]
            print(step["step"], *("-" if value is None else f"{value:.3f}" for value in values), sep="\t")


if __name__ == "__main__":
    main()
