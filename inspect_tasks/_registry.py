"""Inspect's entry point loads this module, so that logs can be scored again by name."""

from inspect_tasks.metrics import bench_metrics, dimension_metrics, stress_metrics
from inspect_tasks.reward_model import RewardModelAPI
from inspect_tasks.reward_scorer import recrm_reward, reward_metrics
from inspect_tasks.scorers import recrm, recrm_bench, recrm_stress
from inspect_tasks.solver import ask
from recrm_tasks._short_errors import shorten

__all__ = [
    "RewardModelAPI",
    "ask",
    "bench_metrics",
    "dimension_metrics",
    "recrm",
    "recrm_bench",
    "recrm_reward",
    "recrm_stress",
    "reward_metrics",
    "stress_metrics",
]

shorten()
