#!/usr/bin/env bash
# Within ROOT and a network of its own: the installed daemon, as its user and by its installed flags, answers recurctl
# and the programs that were built with librecurd-dev, and drains.
#
# usage: deb_serve.sh ROOT
set -euo pipefail
root=$1
ip link set lo up
chroot --userspec=recurd:recurd "$root" recurd --flagfile=/etc/recurd/recurd.flags &
daemon=$!
trap 'kill -KILL "$daemon" 2>/dev/null || true' EXIT
chroot "$root" recurctl models --connect_timeout=30
chroot "$root" recurctl stream --model=digits --input=/usr/share/doc/recurd/examples/held_out.csv --columns=p0-p7 \
  --chunk=8 --outputs=last_of_sequence | tail -n 3
chroot "$root" /tmp/consumer/build/consumer
chroot "$root" /tmp/consumer/by_pkg_config | tail -n 1
[[ $(stat --format=%u "/proc/$daemon") != 0 ]] || { echo "deb_serve.sh: the daemon runs as root" >&2; exit 1; }
kill "$daemon"
trap - EXIT
wait "$daemon"
