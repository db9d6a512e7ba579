"""The README.md of a training set: a card for `datasets`, and the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from recrm_tasks import __version__

_WHAT = {
    "sft": "questions with their right answers",
    "classes": "questions with the class of the right answer",
    "pairs": "pairs, the better answer first",
    "rl": "questions for reinforcement learning",
}

_AFTER = """Save a reward model with its tokenizer. This then completes its config for `recrm-rm`:

```python
from recrm_tasks.models.trained_as import write_trained_as

{}
```"""


_TRAINED_ON = """Copy the manifest beside the weights: `recrm report` then marks results on records of the training set.
In a model card `datasets: [{folder}]` names the set.

```sh
cp {folder}/recrm_* OUT
```"""


def readme(
    manifest: Mapping[str, Any],
    trainer: str,
    kind: str,
    folder: str,
    command: str,
    after: str,
    notes: Sequence[str],
    file: str,
) -> str:
    """The text of the file.

    Args:
        manifest: of the set.
        trainer: its name.
        kind: of the set.
        folder: its name.
        command: that trains on it, from the folder above.
        after: the call that completes the config of the trained model; empty if none is needed.
        notes: what the user should know.
        file: with the rows.
    """
    # `datasets` caches by the names of folder and config: with a fixed name it would load a set that was there before.
    name = f"recrm-{manifest['files'][file][:16]}"
    configs = [{"config_name": name, "data_files": [{"split": "train", "path": file}]}]
    header = yaml.safe_dump({"configs": configs}, sort_keys=False)
    rows = [
        f"| {key} | {lang} | {label} | {count:,} |"
        for key, langs in manifest["counts"].items()
        for lang, labels in langs.items()
        for label, count in labels.items()
    ]
    sources = [
        f"- {key}: {one['source']}{_revision(one)}, split {one['split']}" for key, one in manifest["dimensions"].items()
    ]
    lengths = ", ".join(f"{name} {count:,}" for name, count in manifest["lengths"].items() if isinstance(count, int))
    parts = [
        f"---\n{header}---",
        f"# {_WHAT[kind].capitalize()}, for {trainer}",
        f"{manifest['rows']:,} rows, written by recrm-tasks {__version__}. recrm_manifest.json says what they are made "
        "of: source, records, groups, and the SHA-256 of each file.",
        f"In the folder that this one is in:\n\n```sh\n{command}\n```\n\nWords in capitals are for you to fill in.",
        _AFTER.format(after) if after else "",
        _TRAINED_ON.format(folder=folder),
        "\n".join(f"- {note}." for note in notes),
        "\n".join(sources),
        f"Length of a row in {manifest['lengths']['unit']}: {lengths}.",
        "\n".join(["| dimension | language | label | rows |", "|---|---|---|---|", *rows]),
    ]
    if "classes" in manifest:
        parts.append("Classes in the order of the logits: " + ", ".join(manifest["classes"]) + ".")
    return "\n\n".join(part for part in parts if part) + "\n"


def _revision(source: Mapping[str, Any]) -> str:
    return f" at {source['revision']}" if source.get("revision") else ""
