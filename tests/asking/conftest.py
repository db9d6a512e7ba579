"""A tokenizer whose tokens are bytes, so that every length is known without it."""

from __future__ import annotations

import pytest

CHAT = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}{% if add_generation_prompt %}<go>{% endif %}"
)


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
