#!/usr/bin/env bash
# Makes a folder with one trainer's real code, for PYTHONPATH: its wheel and what its reward code imports, without the
# requirements of its training code, which exclude those of the other trainers and of this environment.
#   usage: tests/rewards/trainers/install.sh PYTHON FOLDER TRAINER
set -euo pipefail
python=$1 folder=$2 trainer=$3
case $trainer in
  trl) packages=(trl==1.16.0) ;;
  verl) packages=(
    verl==0.9.1 ray==2.60.0 tensordict==0.10.0 codetiming==1.4.0 omegaconf==2.4.0 msgpack==1.2.4 orjson==3.13.0
    protobuf==7.36.2 pyvers==0.2.3 pillow==13.0.0
  ) ;;
  ms_swift) packages=(
    ms-swift==4.6.0 dacite==1.9.2 modelscope==1.40.2 modelscope-hub==0.5.1 pillow==13.0.0 cryptography==50.0.2
    cffi==2.1.1 pycparser==3.12 json-repair==0.64.6
  ) ;;
  openrlhf) packages=(openrlhf==0.11.2 pylatexenc==2.11) ;;
  llama_factory) packages=(llamafactory==0.9.5 omegaconf==2.4.0) ;;
  *) echo "no trainer $trainer: one of trl, verl, ms_swift, openrlhf, llama_factory" >&2; exit 2 ;;
esac
rm -rf "$folder"
# In a quarter of pip's time; it reads none of pip's settings: where it fails, pip does it.
"$python" -m uv pip install --quiet --python "$python" --no-deps --target "$folder" "${packages[@]}" ||
  "$python" -m pip --disable-pip-version-check install --quiet --no-deps --target "$folder" "${packages[@]}"
# LLaMA-Factory imports torchaudio for data with sound, of which there is none here.
if [ "$trainer" = llama_factory ]; then
  mkdir "$folder/torchaudio"
  touch "$folder/torchaudio/__init__.py"
fi
