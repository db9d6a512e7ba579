"""How a reward model was trained, as its config says it: so that it is evaluated on the prompts it was trained on.

The config of a model (`config.json`), or that of an adapter (`adapter_config.json`), has an entry `recrm`:

    {"reads": "letters", "ask": "list", "prompt_lang": null, "prompt_versions": {"factual": 6}, "classes": ["A", "B"]}

A recipe writes it with `write_trained_as`, and `recrm-rm` reads it. Models without one need `reads` as an argument if
they read content.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.answers.prompt import ASKS, LANGS, READS, Ask, Lang, Reads
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.adapter_base import adapter_config
from recrm_tasks.prompting.options import AnyOptions, Options, one_of
from recrm_tasks.prompting.tokens import tokenizer_of

ENTRY = "recrm"
"""The name of the entry."""
_CLASSIFIER = "ForSequenceClassification"
_log = logging.getLogger(__name__)


class TrainedAs(NamedTuple):
    """What a reward model was trained on."""

    reads: Reads
    prompt_versions: Mapping[str, int] = {}
    """By dimension, the version of the prompts."""
    ask: Ask = "list"
    """Whether lists were asked about as a whole."""
    prompt_lang: Lang | None = None
    """The language of the prompts; None for each record's own."""
    classes: tuple[str, ...] = ()
    """The names of an adapter's classes in the order of the logits; a model has them in `id2label`."""

    def options(self, options: AnyOptions) -> AnyOptions:
        """The options of a run, with those of the training where the run leaves the default."""
        return replace(
            options,
            ask=self.ask if options.ask == Options.ask else options.ask,
            prompt_lang=options.prompt_lang or self.prompt_lang,
        )

    def check(self, path: str, key: str) -> None:
        """Warns if the prompts of a dimension are not those that the model was trained on.

        Args:
            path: the model, for the message.
            key: the dimension's.
        """
        now, trained = dimension_of(key).version, self.prompt_versions.get(key)
        if trained is None:
            _log.warning(
                "%s was trained on %s, not on %s", path, ", ".join(self.prompt_versions) or "no dimension", key
            )
        elif trained != now:
            _log.warning(
                "%s was trained on version %d of the prompts of %s, and is asked with version %d: train it again, or "
                "install the recrm-tasks that it was trained with",
                path, trained, key, now,
            )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """The entry."""
        return {**self._asdict(), "prompt_versions": dict(self.prompt_versions), "classes": list(self.classes)}


def trained_as(path: str, revision: str | None = None) -> TrainedAs | None:
    """What the config of a reward model says; None if it says nothing, or there is no reward model.

    Args:
        path: a folder, or a name on the hub, of a model or of an adapter (PEFT).
        revision: a branch, tag or commit of the hub's.

    Raises:
        RecrmError: the entry cannot be used.
    """
    entry = classifier_config(path, revision).get(ENTRY)
    if entry is None:
        return None
    try:
        return TrainedAs(
            reads=one_of(READS).parse(entry["reads"], "reads"),
            prompt_versions={str(key): int(version) for key, version in entry.get("prompt_versions", {}).items()},
            ask=one_of(ASKS).parse(entry.get("ask", "list"), "ask"),
            prompt_lang=None if entry.get("prompt_lang") is None else one_of(LANGS).parse(entry["prompt_lang"], "lang"),
            classes=tuple(map(str, entry.get("classes") or ())),
        )
    except (LookupError, TypeError, ValueError, AttributeError, RecrmError) as error:
        reason = str(error) if isinstance(error, RecrmError) else f"{type(error).__name__}: {error}"
        raise RecrmError(
            f"the entry {ENTRY!r} in the config of {path!r} cannot be used ({reason}): write it with write_trained_as, "
            "or remove it"
        ) from None


def reads_of_model(path: str, given: object, trained: TrainedAs | None) -> Reads:
    """What a reward model scores: what the user says, else what its config says, else letters.

    Args:
        path: the model, for messages.
        given: what the user said; None for nothing.
        trained: what its config says.

    Raises:
        RecrmError: the two contradict each other, or the user's word is neither.
    """
    if given is None:
        return trained.reads if trained else "letters"
    reads = one_of(READS).parse(given, "reads")
    if trained and trained.reads != reads:
        raise RecrmError(
            f"{path!r} was trained to read {trained.reads}, as its config says, so it cannot be asked with "
            f"reads={reads}: leave the argument out"
        )
    return reads


def asked_as_trained(
    path: str, revision: str | None, given: object, dimension: str, options: AnyOptions
) -> tuple[Reads, AnyOptions]:
    """What a reward model reads in a run, and the run's options with those that it was trained with.

    Args:
        path: the model.
        revision: of it; None for its default.
        given: what the user said that it reads; None for nothing.
        dimension: what it is asked about.
        options: the run's.

    Raises:
        RecrmError: the model cannot read what the user says.
    """
    trained = trained_as(path, revision)
    reads = reads_of_model(path, given, trained)
    if trained is None:
        return reads, options
    trained.check(path, dimension)
    return reads, trained.options(options)


def write_trained_as(
    folder: str | Path,
    reads: Reads,
    dimensions: Iterable[str],
    classes: Sequence[str] = (),
    ask: Ask = "list",
    prompt_lang: Lang | None = None,
) -> None:
    """Completes the config of a reward model, so that `recrm-rm` needs no further argument. A recipe calls it last.

    It writes the entry `recrm`, the names of the classes (`id2label`, `label2id`) and the tokenizer's padding token
    (`pad_token_id`). The chat template is the tokenizer's, so save the tokenizer there first.

    Args:
        folder: a saved model or adapter (PEFT) with its tokenizer.
        reads: `content` if it was trained on responses or items, `letters` if on the benchmark's questions.
        dimensions: the keys of those that it was trained on.
        classes: the names of the classes in the order of the logits: letters, or names of labels. None for one logit.
        ask: `item` if lists were asked about candidate by candidate.
        prompt_lang: the language of all prompts, if it is not each record's own.

    Raises:
        RecrmError: there is no saved model, it has another number of classes, or an argument cannot be used.

    Example:
        >>> trainer.save_model("model")
        >>> tokenizer.save_pretrained("model")
        >>> write_trained_as("model", "letters", ["factual"], classes=["consistent", "inconsistent"])
    """
    folder = Path(folder)
    adapter = folder / "adapter_config.json"
    file = adapter if adapter.is_file() else folder / "config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecrmError(f"{folder}: no saved model whose config can be read ({error}); save it there first") from None
    trained = TrainedAs(
        reads=one_of(READS).parse(reads, "reads"),
        prompt_versions={key: dimension_of(key).version for key in dimensions},
        ask=one_of(ASKS).parse(ask, "ask"),
        prompt_lang=None if prompt_lang is None else one_of(LANGS).parse(prompt_lang, "prompt_lang"),
        classes=tuple(classes) if file is adapter else (),
    )
    if reads == "content" and classes:
        raise RecrmError("classes: a model that reads content has one logit, which has no name")
    if file is not adapter:
        # transformers writes no id2label for two classes with default names.
        count = len(config.get("id2label") or range(2))
        if len(classes) not in (0, count) or (reads == "content" and count != 1):
            raise RecrmError(f"{folder}: the model has {count} logits, not {len(classes) or 1}")
        if classes:
            config["id2label"] = {str(i): name for i, name in enumerate(classes)}
            config["label2id"] = {name: i for i, name in enumerate(classes)}
        padding = tokenizer_of(str(folder), {}).pad_token_id
        if padding is not None:
            config["pad_token_id"] = padding
    config[ENTRY] = trained.to_json()
    file.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def classifier_config(path: str, revision: str | None) -> dict[str, Any]:
    """The config of a classifier, or of an adapter of one; empty if there is none."""
    try:
        from transformers import PretrainedConfig
    except ModuleNotFoundError:
        return {}
    adapter = adapter_config(path, revision)
    try:
        if adapter is not None:
            found: dict[str, Any] = json.loads(adapter.read_text(encoding="utf-8"))
            return found
        config: dict[str, Any] = PretrainedConfig.get_config_dict(path, revision=revision)[0]
    except (OSError, ValueError):
        return {}
    classifier = any(str(name).endswith(_CLASSIFIER) for name in config.get("architectures") or ())
    return config if classifier else {}
