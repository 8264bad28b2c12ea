#!/usr/bin/env bash
# Runs an image's entry point, in namespaces of mounts, network and processes that the caller made: as the image's
# user, with no capability and no way to get one, on a root that can't be written. A real runtime also sets limits by
# cgroups, filters system calls, and gives the container names of users, hosts and IPC of its own; none of that is
# checked here.
#
# usage: serve.sh ROOT USER:GROUP ENTRY_POINT... -- HEALTH_CHECK...
set -euo pipefail
root=$1 user=${2%:*} group=${2#*:}
shift 2
entry=()
while [[ $1 != -- ]]; do entry+=("$1"); shift; done
shift
health=("$@")
die() { echo "serve.sh: $*" >&2; exit 1; }

ip link set lo up
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,bind,ro "$root"

inside() {
  exec chroot "$root" env --ignore-environment PATH=/usr/local/bin:/usr/bin:/bin \
    setpriv --reuid="$user" --regid="$group" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@"
}
[[ $(inside id --user) == "$user" ]] || die "not as user $user"
if (inside touch /tmp/file) 2>/dev/null; then die "the root can be written"; fi
if (inside "${health[@]}") 2>/dev/null; then die "healthy before it runs"; fi

inside "${entry[@]}" &
daemon=$!
for ((i = 0; ; ++i)); do
  if (inside "${health[@]}"); then break; fi
  ((i < 100)) || die "not healthy after 10 s: ${health[*]}"
  sleep 0.1
done
grep -qE '^CapEff:\s+0+$' "$root/proc/$daemon/status" || die "it has capabilities"
(inside recurctl stream --model=digits --input=/models/digits/held_out.csv --columns=p0-p7 --chunk=8 \
  --outputs=last_of_sequence) | tail -n 1
curl --silent --noproxy '*' http://127.0.0.1:8002/metrics | grep '^recurd_steps_total'

kill -TERM "$daemon"
wait "$daemon" || die "SIGTERM ended it with $?"
if (inside "${health[@]}") 2>/dev/null; then die "healthy after its end"; fi
echo "== drained, 0"
