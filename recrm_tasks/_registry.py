"""Inspect's entry point loads this module, so that `inspect eval recrm_tasks/factual` finds its task."""

from importlib import import_module

from recrm_tasks.dimensions import dimensions

for _name in (*dimensions(), "bench"):
    import_module(f"recrm_tasks.{_name}")
