"""docs/agents.md names what there is."""

from __future__ import annotations

from inspect import signature

from markdown_pages import ROOT

from inspect_tasks import recrm_reward
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.rewards.reward_metrics import declared

TEXT = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")


def test_every_argument() -> None:
    named = {name for name in signature(recrm_reward).parameters if f"`{name}`" in TEXT or f"{name}=" in TEXT}
    assert named == set(signature(recrm_reward).parameters)


def test_every_metric() -> None:
    names = {name for name in declared(RECRM.keys) if name.removesuffix("_n") not in RECRM.keys}
    assert [name for name in [*names, *RECRM.keys, "factual_n"] if f"`{name}`" not in TEXT] == []
