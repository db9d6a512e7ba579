"""What the tests of trainers share: a tiny model whose chat template is like those of real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from written_sets import write_source

TURNS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}!{% endfor %}"
TEMPLATE = TURNS + "{% if add_generation_prompt %}<assistant>{% endif %}"
"""Each turn ends with the token that ends texts, and a prompt with the beginning of the answer."""


@pytest.fixture(scope="session")
def model(policy: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A language model of one layer whose tokens are bytes, with this template."""
    import transformers

    folder = tmp_path_factory.mktemp("model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(policy)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    transformers.AutoModelForCausalLM.from_pretrained(policy).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def source(tmp_path: Path) -> str:
    """Records of all dimensions with splits."""
    return write_source(tmp_path / "source")
