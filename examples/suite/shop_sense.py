"""A task of your own for Inspect, to be evaluated beside those of RecRM-Bench."""

from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import FieldSpec, json_dataset
from inspect_ai.scorer import match
from inspect_ai.solver import generate, prompt_template

QUESTIONS = Path(__file__).with_name("questions.jsonl")


@task
def shop_sense() -> Task:
    """Eight questions with a yes or a no."""
    return Task(
        dataset=json_dataset(str(QUESTIONS), FieldSpec(input="question", target="answer", id="id")),
        solver=[prompt_template("{prompt} Answer yes or no, and nothing else."), generate()],
        scorer=match(location="begin"),
    )
