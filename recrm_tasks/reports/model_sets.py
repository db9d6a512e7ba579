"""A model's folder -> the sets that it was trained on, as far as the folder says so.

Read are `datasets` in the metadata of its model card (README.md), which the hub and trainers use, and a
`recrm_manifest.json` beside the weights. The same holds for the models that it was made from: the base model of an
adapter, and `base_model` in a card. Models and data sets of the hub count if they are in its cache.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import metadata_load, try_to_load_from_cache

from recrm_tasks.prompting.adapter_base import FIELD
from recrm_tasks.training.manifest import MANIFEST

CARD = "README.md"
_ADAPTER = "adapter_config.json"


@dataclass
class ModelSets:
    """What a model says about its training."""

    places: dict[str, Path] = field(default_factory=dict)
    """The sets that are here, by name: their folders, files or manifests."""
    absent: list[str] = field(default_factory=list)
    """The names of those that are not."""
    unreadable: list[str] = field(default_factory=list)
    """One line for each card that cannot be read."""


def sets_of_model(weights: Sequence[str]) -> ModelSets:
    """The sets that a model names.

    Args:
        weights: where it was loaded from; see `RunInfo.weights`. What is not here is passed over.
    """
    found = ModelSets()
    waiting, done = list(weights), set()
    while waiting:
        model = waiting.pop(0)
        if model in done:
            continue
        done.add(model)
        beside = _file(model, MANIFEST)
        if beside is not None:
            found.places.setdefault(f"{MANIFEST} in {model}", beside)
        card = _file(model, CARD)
        try:
            said = metadata_load(card) if card is not None else None
        except (OSError, ValueError, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())
            found.unreadable.append(f"{card}: its metadata cannot be read, so the sets that it names are not: {reason}")
            said = None
        for name in _names((said or {}).get("datasets")):
            place = _set(name, model)
            if place is not None:
                found.places.setdefault(name, place)
            elif name not in found.absent:
                found.absent.append(name)
        waiting += [*_base_of_adapter(model), *_names((said or {}).get("base_model"))]
    found.absent = [name for name in found.absent if name not in found.places]
    return found


def _names(said: Any) -> list[str]:
    """The hub takes one name or a list."""
    names = said if isinstance(said, list) else [said]
    return [name for name in names if isinstance(name, str) and name]


def _file(name: str, file: str, kind: str = "model") -> Path | None:
    """A file of a folder, or of a repository in the hub's cache; None if there is none."""
    if os.path.exists(name):
        path = Path(name) / file
        return path if path.is_file() else None
    try:
        cached = try_to_load_from_cache(name, file, repo_type=kind)
    except ValueError:  # not a name that a repository may have
        return None
    return Path(cached) if isinstance(cached, str) else None


def _set(name: str, model: str) -> Path | None:
    """Where a set is: in the working directory, in the model's folder or beside it, or in the hub's cache."""
    folder = Path(model)
    places = [Path(name), *([folder / name, folder.parent / name] if folder.is_dir() else [])]
    for place in places:
        if os.path.exists(place):
            return place
    return _file(name, MANIFEST, "dataset")


def _base_of_adapter(model: str) -> Iterator[str]:
    """The model below an adapter (PEFT)."""
    config = _file(model, _ADAPTER)
    if config is not None:
        try:
            base = json.loads(config.read_text(encoding="utf-8")).get(FIELD)
        except (OSError, ValueError, AttributeError):  # the harness loaded it, so that is no matter of a report
            return
        yield from _names(base)
