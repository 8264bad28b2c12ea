#!/usr/bin/env bash
# The daemon and recurctl under ThreadSanitizer: streams, a load, scrapes, and a drain while streams are open. Either one
# exits with 66 if ThreadSanitizer found a race.
#
# usage: tsan_rpc_smoke.sh ROOT BUILD      with TSAN_OPTIONS as in CMakePresets.json
set -euo pipefail
root=$1 bin=$2/bin
work=$(mktemp -d)
daemon=''
trap '[[ -z $daemon ]] || kill -KILL "$daemon" 2>/dev/null || true; rm -rf "$work"' EXIT

"$bin/recurd" --listen=unix:"$work/rpc" --metrics_listen=127.0.0.1:0 --model_repository="$root/deploy/models" \
  --drain_timeout=20s >"$work/log" 2>&1 &
daemon=$!
server=unix:$work/rpc
for ((attempt = 0; attempt < 300; ++attempt)); do
  if "$bin/recurctl" health --server="$server" >/dev/null 2>&1; then break; fi
  sleep 0.1
done
"$bin/recurctl" stream --server="$server" --model=digits --input="$root/deploy/models/digits/held_out.csv" \
  --columns=p0-p7 --chunk=3 >"$work/outputs"
"$bin/recurctl" bench --server="$server" --model=digits --streams=8 --chunk=5 --seconds=3
"$bin/recurctl" bench --server="$server" --model=digits --streams=4 --chunk=1 --seconds=30 >"$work/bench" 2>&1 &
bench=$!
sleep 2
kill -TERM "$daemon"
code=0
wait "$daemon" || code=$?
daemon=''
wait "$bench" || [[ $? != 66 ]] || code=66
if grep -q 'ThreadSanitizer' "$work/log" "$work/bench"; then code=66; fi
if ((code != 0)); then
  cat "$work/log" "$work/bench"
  echo "exit code $code"
  exit 1
fi
