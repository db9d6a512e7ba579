"""Lets an installed lm-evaluation-harness find our tasks without `--include_path`.

lm-eval's PR #4015 reads the entry-point group `lm_eval.tasks`, which pyproject.toml declares. Releases without it scan
only their own folder and `include_path`. For those, `recrm_lm_eval.pth` puts a finder on `sys.meta_path` when Python
starts. When `lm_eval.tasks` is imported, the finder calls `find_spec` below. `TaskManager.__init__` is then wrapped so
that it also scans our folder, and the finder is removed. As in the PR, our folder comes after lm-eval's own tasks and
before the user's `include_path`, also with `include_defaults=False`.

On lm-eval's command line the hook also shortens errors (`_short_errors`).

`RECRM_NO_LM_EVAL_HOOK=1` turns it off. A failure here is logged at debug level and leaves lm-eval unchanged.
"""

from __future__ import annotations

import logging
import os
import sys
from functools import wraps
from importlib import import_module, util
from inspect import signature
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

TASKS_PACKAGE = "recrm_tasks.lm_eval_tasks"
# Every release has TaskManager here: up to 0.4.11 it is defined here, since 0.4.12 in lm_eval.tasks.manager.
WATCHED = "lm_eval.tasks"
MODELS = {
    "recrm-rm": "recrm_tasks.lm_eval_tasks.reward_model:RewardModelLM",
    "recrm-vllm": "recrm_tasks.lm_eval_tasks.vllm_model:OnePassVLLM",
    "recrm-server": "recrm_tasks.lm_eval_tasks.server_model:Server",
}
OFF_SWITCH = "RECRM_NO_LM_EVAL_HOOK"

log = logging.getLogger(__name__)
_searching: set[int] = set()  # threads inside find_spec: another import hook may call every finder, ours included


def find_spec(finder: Any, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    """Asks the finders after `finder` for `lm_eval.tasks`, and has `_extend` run after their loader."""
    if _switched_off() or get_ident() in _searching:
        return None
    _searching.add(get_ident())
    try:
        for other in sys.meta_path[sys.meta_path.index(finder) + 1 :]:
            spec = other.find_spec(WATCHED, path, target) if hasattr(other, "find_spec") else None
            if spec is not None:
                _watch(spec.loader, finder)
                return spec
    except Exception:
        log.debug("cannot watch %s; use --include_path", WATCHED, exc_info=True)
    finally:
        _searching.discard(get_ident())
    return None  # the import system asks the other finders next; any error is theirs


def _switched_off() -> bool:
    return os.environ.get(OFF_SWITCH, "") not in ("", "0")


def _watch(loader: Any, finder: Any) -> None:
    if isinstance(loader, type):  # the loader of frozen modules is a class: a change would affect every module
        return
    # Changed on the instance, not wrapped: runpy, inspect and importlib.resources look at the loader's type.
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)  # if lm-eval fails to import, its error is raised and the finder stays for the next attempt
        if module.__name__ == WATCHED:
            # A new list: removing from the old one would make an import in another thread skip a finder.
            sys.meta_path = [other for other in sys.meta_path if other is not finder]
            loader.__dict__.pop("exec_module", None)
            _extend(module)

    loader.exec_module = exec_module


def _extend(tasks: ModuleType) -> None:
    """Makes the `TaskManager` of `lm_eval.tasks` scan our folder too, unless lm-eval reads entry points."""
    try:
        import_module("recrm_tasks._short_errors").shorten()
    except Exception:
        log.debug("errors keep their tracebacks", exc_info=True)
    try:
        _register_models()
    except Exception:
        log.debug("cannot register the models %s", ", ".join(MODELS), exc_info=True)
    try:
        manager = tasks.TaskManager
        if not hasattr(sys.modules[manager.__module__], "discover_plugin_task_paths"):
            _wrap_init(manager)
    except Exception:
        log.debug("cannot extend lm_eval's TaskManager; use --include_path", exc_info=True)


def _register_models() -> None:
    """Registers our models with lm-eval by name; their modules are imported on first use."""
    import_module("lm_eval.models")  # first: lm-eval imports its own models only while none is registered
    registry = import_module("lm_eval.api.registry").model_registry
    for name, target in MODELS.items():
        if name not in registry:
            registry.register(name, target=target)


def _wrap_init(manager: Any) -> None:
    original = manager.__init__
    parameters = signature(original)
    if hasattr(original, "_recrm_tasks"):
        return
    if "include_path" not in parameters.parameters:
        raise TypeError(f"TaskManager has no include_path: {parameters}")

    @wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        given = scanned = None
        try:
            if not _switched_off():
                call = parameters.bind(self, *args, **kwargs)
                given = call.arguments.get("include_path")
                scanned = call.arguments["include_path"] = _with_ours(given)
                args, kwargs = call.args[1:], call.kwargs
        except Exception:  # also for wrong arguments: lm-eval's own error is better
            log.debug("cannot add our task folder; use --include_path", exc_info=True)
        original(self, *args, **kwargs)
        if scanned is not None and getattr(self, "include_path", None) is scanned:
            self.include_path = given  # the caller's value: another manager may be built from it

    __init__._recrm_tasks = True  # type: ignore[attr-defined]
    manager.__init__ = __init__


def _with_ours(include_path: Any) -> list[Any]:
    """The paths of `include_path`, with our folder first (later paths win) unless one of them contains it."""
    if not include_path:
        given = []
    elif isinstance(include_path, (str, os.PathLike)):
        given = [include_path]
    else:
        given = list(include_path)
    ours = _task_folder()
    if any(ours.is_relative_to(Path(path).resolve()) for path in given):
        return given  # scanned twice, lm-eval would warn about every task
    return [str(ours), *given]


def _task_folder() -> Path:
    # Not relative to this file: a clone that comes first on sys.path has both the YAML and the code that it names.
    spec = util.find_spec(TASKS_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"no package {TASKS_PACKAGE}")
    return Path(next(iter(spec.submodule_search_locations))).resolve()
