#!/usr/bin/env bash
# Makes the Debian packages as README says, has lintian look at them, and tries them in a Debian of nothing but the
# essential packages: deb_in_root.sh. Needs Debian's mirror; keeps nothing but build/package.
#
# usage: deb_test.sh
# environment: DEBIAN_MIRROR    where the Debian comes from; without it, mmdebstrap's own default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for tool in mmdebstrap lintian dpkg-shlibdeps file ip; do
  command -v "$tool" >/dev/null || { echo "not run: no $tool; deploy/install-deps.sh deb has it"; exit 77; }
done
mode=unshare
if ((EUID == 0)); then mode=root; fi

rm -f build/package/*.deb
cmake --workflow --preset package
debs=(build/package/*.deb)
((${#debs[@]} == 3)) || { echo "deb_test.sh: not three packages: ${debs[*]}" >&2; exit 1; }
ls -l "${debs[@]}"
for deb in "${debs[@]}"; do dpkg-deb --field "$deb" Package Version Architecture Installed-Size Depends; done
# The one warning is about Debian's own bug tracker.
lintian --allow-root --fail-on error,warning --tag-display-limit 0 --suppress-tags initial-upload-closes-no-bugs \
  "${debs[@]}"

mmdebstrap --quiet --mode=$mode --variant=minbase --format=null \
  --customize-hook="tests/package/deb_in_root.sh \"\$1\" $PWD/build/package" \
  bookworm - ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
