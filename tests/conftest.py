"""What every test starts from: a cache of its own, and none of the settings of the person who runs it; and a tokenizer
whose tokens are bytes, so that every length is known without it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import forked
import pytest

with suppress(ImportError):  # the environment of the engines has no hypothesis
    from hypothesis import settings

    settings.register_profile("few", max_examples=10)

# huggingface_hub reads it once, at its import. Without it, a name that does not exist is looked up for a minute.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.pop("COLUMNS", None)  # pytest-xdist's processes have one, and tables would be as narrow

CHAT = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}<go>"


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(autouse=True)
def own_cache(caches: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty RECRM_CACHE. Not within `tmp_path`, which tests use as a folder of data."""
    # pytest's `mktemp` reads all names in its folder, which takes a second for every 500 tests.
    folder = Path(tempfile.mkdtemp(dir=caches))
    monkeypatch.setenv("RECRM_CACHE", str(folder))
    for name in ("RECRM_MAPPING", "RECRM_REVISION"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Temporary files of this process and its children in a folder that pytest removes, also where one was killed."""
    folder = str(tmp_path_factory.mktemp("temporary"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="session")
def programs() -> Iterator[Path]:
    """A folder with `python`, `inspect` and `lm_eval` that start at once, as both harnesses are imported already."""
    with forked.commands(*forked.HARNESSES) as folder:
        yield folder


@pytest.fixture(scope="session")
def trl_python() -> Iterator[Path]:
    """A `python` that starts at once, as TRL is imported already: its scripts take seven seconds for that."""
    with forked.commands(*forked.TRL) as folder:
        yield folder / "python"


@pytest.fixture(scope="session")
def byte_tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of two: `chat` with a chat template, `plain` without; both with a model config of 100,000 tokens."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    folders = {}
    for name in ("chat", "plain"):
        core = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
        core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=core)
        if name == "chat":
            tokenizer.chat_template = CHAT
        folder = tmp_path_factory.mktemp(name)
        tokenizer.save_pretrained(folder)
        transformers.LlamaConfig(max_position_embeddings=100_000).save_pretrained(folder)
        folders[name] = str(folder)
    return folders


@pytest.fixture(scope="session")
def byte_tokenizer(byte_tokenizers: dict[str, str]) -> str:
    """The one with a chat template."""
    return byte_tokenizers["chat"]


@pytest.fixture(scope="session")
def plain_byte_tokenizer(byte_tokenizers: dict[str, str]) -> str:
    """The one without."""
    return byte_tokenizers["plain"]


@pytest.fixture(scope="session")
def policy(tmp_path_factory: pytest.TempPathFactory, byte_tokenizer: str) -> str:
    """Random weights, one layer, and a tokenizer of bytes with a chat template."""
    import torch
    import transformers
    from tokenizers import decoders

    torch.manual_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(byte_tokenizer)
    tokenizer.backend_tokenizer.decoder = decoders.ByteLevel()
    tokenizer.eos_token = tokenizer.pad_token = "!"
    shape = {
        "vocab_size": len(tokenizer), "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 10_000,
        "pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None,
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("policy")
    transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
