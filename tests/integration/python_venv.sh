#!/usr/bin/env bash
# Makes a virtual environment with the Python client in it, the way its README tells users to.
#
# usage: python_venv.sh SOURCE VENV
set -euo pipefail
source=$1 venv=$2

for module in grpc numpy google.protobuf matplotlib venv setuptools wheel; do
  /usr/bin/python3 -c "import $module" 2>/dev/null ||
    { echo "python_venv.sh: Debian's Python has no $module; deploy/install-deps.sh test" >&2; exit 1; }
done
before=$(cd "$source/client/python" && find . -type f -not -path '*/__pycache__/*' | sort)
rm -rf "$venv"
/usr/bin/python3 -m venv --system-site-packages "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --no-deps "$source/client/python"
(cd / && "$venv/bin/python" -c 'import recurd, recurd.aio; print("installed:", recurd.__file__)')
after=$(cd "$source/client/python" && find . -type f -not -path '*/__pycache__/*' | sort)
if [[ $before != "$after" ]]; then
  echo "python_venv.sh: the installation left files in the source tree:" >&2
  diff <(echo "$before") <(echo "$after") >&2 || true
  exit 1
fi
