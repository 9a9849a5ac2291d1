#!/bin/sh
# Makes bench/.venv with the pinned peers, or does nothing if it is there already. Prints their versions.
# PYTHON names the interpreter (3.11 or newer); the disk needs 8 GB.
set -eu
cd "$(dirname "$0")"
venv=.venv
stamp=$venv/installed.txt
if ! cmp -s requirements.txt "$stamp"; then
	"${PYTHON:-python3}" -m venv "$venv"
	"$venv/bin/python" -m pip install --disable-pip-version-check -r requirements.txt
	cp requirements.txt "$stamp" # last, so that a broken install is taken up again
fi
"$venv/bin/python" - <<'PY'
import platform
from importlib.metadata import version
print("python", platform.python_version())
for name in "torch jax jaxlib tensorflow-cpu keras numpy scipy safetensors".split():
    print(name, version(name))
PY
