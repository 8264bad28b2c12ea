#!/usr/bin/env bash
# Unpacks Debian 12's arm64 packages, and those that they depend on, into a folder. Nothing of arm64 is run, and the
# machine's own packages stay as they are. A folder that was made of the same packages is left alone; a new one takes
# its place when it is complete.
#
# usage: deploy/aarch64/unpack.sh OUT PACKAGE[,PACKAGE...]
# environment: DEBIAN_MIRROR    where from; without it, mmdebstrap's own default
set -euo pipefail
if (($# != 2)); then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0" >&2; exit 2; fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(realpath -m "$1") packages=$2
if [[ $(cat "$out/.packages" 2>/dev/null) == "$packages" ]]; then exit 0; fi

if [[ -e $out && ! -e $out/.packages && -n $(ls -A "$out") ]]; then
  echo "unpack.sh: $out is there and wasn't made by this script: give another folder, or remove it" >&2
  exit 1
fi

if ! command -v mmdebstrap >/dev/null; then
  echo "unpack.sh: mmdebstrap is missing: deploy/install-deps.sh aarch64" >&2
  exit 1
fi
new=$out.new.$$
trap 'rm -rf "$new"' EXIT
mkdir -p "$(dirname "$out")"
mode=chrootless
if ((EUID == 0)); then mode=root; fi
echo "== unpacking arm64 packages into $out"
mmdebstrap --quiet --mode=$mode --variant=extract --architectures=arm64 --include="$packages" \
  --extract-hook="'$here/../packaging/dpkg_records.sh' \"\$1\"" \
  bookworm "$new" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}

# Links from / (libm.so to /lib/...) lead to this machine's files, or nowhere.
find "$new" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
  ln --symbolic --relative --force --no-dereference "$new$(readlink "$link")" "$link"
done
echo "$packages" >"$new/.packages"
rm -rf "$out"
mv --no-target-directory "$new" "$out"
