#!/usr/bin/env bash
# Makes a folder with one trainer's real code, for PYTHONPATH: its wheel and what its reward code imports, without the
# requirements of its training code, which exclude those of the other trainers and of this environment.
#   usage: tests/rewards/trainers/install.sh PYTHON FOLDER TRAINER
set -euo pipefail
python=$1 folder=$2 trainer=$3
case $trainer in
  trl) packages=(trl==1.16.0) ;;
  verl) packages=(
    verl==0.9.1 ray==2.60.0 tensordict==0.10.0 codetiming==1.4.0 omegaconf==2.4.0 msgpack protobuf pyvers orjson
  ) ;;
  ms_swift) packages=(
    ms-swift==4.6.0 dacite modelscope==1.40.2 modelscope-hub pillow cryptography cffi pycparser json-repair
  ) ;;
  openrlhf) packages=(openrlhf==0.11.2 pylatexenc) ;;
  *) echo "no trainer $trainer: one of trl, verl, ms_swift, openrlhf" >&2; exit 2 ;;
esac
rm -rf "$folder"
# In a quarter of pip's time; it reads none of pip's settings: where it fails, pip does it.
"$python" -m uv pip install --quiet --python "$python" --no-deps --target "$folder" "${packages[@]}" ||
  "$python" -m pip --disable-pip-version-check install --quiet --no-deps --target "$folder" "${packages[@]}"
