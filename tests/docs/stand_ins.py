"""What the commands of the docs are run on here: tiny models for large ones, the sample for the hub, small files for a
user's own. All of it by rules, so that a new command needs no entry.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from doc_commands import Command

WORDS = [
    # Names that stand for something of the user's. A folder of records, where `recrm data` is meant.
    (r"^(recrm data .*)\bPATH\b", r"\1records"),
    (r"\b(PATH|B|RUN)\b", "logs"),
    (r"\b(A|last-release)\b", "results"),
    (r"\bLOG\b", "logs/log.eval"),
    (r"\bFILE\b(?!\.)", "records/behavior.jsonl"),
    (r"\bDATA\b", "records"),
    (r"\bTRAIN\b", "records"),
    (r"\bTEST\b", "sample"),
    (r"\bDIMENSION\b", "factual"),
    (r"\bLOGS\b", "."),
    (r"\b(DIR|OUT)\b", "made"),
    (r"^(recrm (?:data|cost) .*)\bhub\b", r"\1records"),
    # docs/adding-a-dimension.md adds a dimension and a suite: tests/docs/test_adding.py does the same.
    (r"\b(recrm_|recrm_tasks/)?tone\b", r"\1factual"),
    (r"=service$", "=recrm"),
    # Small numbers for large ones.
    (r"\b(thinking\"?[=:] ?|max_gen_toks=)\d+", r"\g<1>8"),
]
"""Regular expressions for the whole command; its words have a line break between them."""

EVALUATE = ("eval", "eval-set")
"""Inspect's subcommands that run tasks."""


class Models(NamedTuple):
    """Folders of tiny models."""

    chat: str
    reward: str


def stand_in(command: Command) -> list[str]:
    """The words of a command, with files that are here."""
    text = "\n".join(command.words).replace("\n", " ", 2)
    for pattern, here in WORDS:
        text = re.sub(pattern, here, text, flags=re.DOTALL)
    first, *rest = text.split("\n")
    return [*first.split(" "), *rest]


def variables_here(command: Command) -> dict[str, str]:
    """The variables of a command, with data that is here."""
    data = {name: re.sub("^hub$", "sample", value) for name, value in command.variables.items()}
    return {name: re.sub(r"\btone\b", "factual", value) for name, value in data.items()}


ENGINE = r"(engine=vllm|base_url=[^,]+|served_model_name=[^,]+)"
"""Arguments of `recrm-rm` that need vLLM or a server of it."""


def of_lm_eval(words: list[str], models: Models) -> list[str]:
    """A call of lm-eval with a tiny model: `hf` in place of `vllm` and `recrm-vllm`, and reward models in transformers.

    Args:
        words: the command.
        models: the models.
    """
    if "--model" not in words:
        return words
    place = words.index("--model") + 1
    reward = words[place] == "recrm-rm"
    changed = [*words[:place], re.sub("^(recrm-)?vllm$", "hf", words[place]), *words[place + 1 :]]
    folder = models.reward if reward else models.chat
    changed = [re.sub(r"\b(pretrained|tokenizer)=[^,]+", rf"\1={folder}", word) for word in changed]
    return [re.sub(f",{ENGINE}", "", word) for word in changed] if reward else changed


def of_recrm(words: list[str], models: Models) -> list[str]:
    """A call of `recrm` with a tiny model's tokenizer.

    Args:
        words: the command.
        models: the models.
    """
    return [models.chat if before == "--tokenizer" else word for before, word in zip(["", *words], words, strict=False)]


def of_inspect(words: list[str], models: Models) -> list[str]:
    """A call of Inspect with a tiny model, `hf/` in the place of `vllm/` and where none is named, and a reward model's
    default engine.

    Args:
        words: the command.
        models: the models.
    """
    if words[1] not in EVALUATE:
        return words
    changed = words if "--model" in words else [*words, "--model", "hf/MODEL"]
    if changed[changed.index("--model") + 1].startswith("recrm-rm/"):
        pairs = list(zip(changed, [*changed[1:], ""], strict=True))
        engine = {i for i, (word, value) in enumerate(pairs) if word == "-M" and re.fullmatch(ENGINE, value)}
        engine |= {i for i, word in enumerate(changed) if word == "--model-base-url"}
        changed = [word for i, word in enumerate(changed) if not {i, i - 1} & engine]
    vllm = changed[changed.index("--model") + 1].startswith("vllm/")
    done = []
    for before, word in zip(["", *changed], changed, strict=False):
        if before == "--model":
            word = re.sub(r"^(vllm|hf)/.*", f"hf/{models.chat}", word)
            word = re.sub(r"^recrm-rm/.*", f"recrm-rm/{models.reward}", word)
        if before == "-M":
            word = re.sub("^model_path=.*", f"model_path={models.chat}", word)
        if before == "-T":
            word = re.sub("^tokenizer=.*", f"tokenizer={models.chat}", word)
            if vllm and word.startswith("enable_thinking="):
                done[-1] = "-M"  # an argument of the model, with hf/
        done.append(word)
    return done
