"""Inspect's entry point loads this module, so that `inspect eval recrm_tasks/factual` finds its task, and
`inspect score --scorer recrm_tasks/recrm_reward` its scorer."""

from importlib import import_module

from inspect_tasks.reward_scorer import recrm_reward
from recrm_tasks.dimensions import dimensions

__all__ = ["recrm_reward"]

for _name in (*dimensions(), "bench", "stress"):
    import_module(f"recrm_tasks.{_name}")
