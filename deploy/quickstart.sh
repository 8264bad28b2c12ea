#!/usr/bin/env bash
# Shows recurd at work, from a fresh Debian 12 to answers: installs what is missing, builds, starts the daemon on the
# shipped model, streams handwritten digits through it a row of pixels at a time, prints predictions beside the truth and
# a latency table, and stops the daemon. Exits non-zero if anything on the way fails.
#
# usage: deploy/quickstart.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8

digits=deploy/models/digits/held_out.csv
recurd=build/release/bin/recurd
recurctl=build/release/bin/recurctl

if [[ ${1:-} == --help ]]; then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 0; fi
if (($# > 0)); then echo "quickstart.sh: takes no arguments but --help" >&2; exit 2; fi

say() { printf '\n== %s\n' "$*"; }
die() { echo "quickstart.sh: $*" >&2; exit 1; }

daemon=''
work=$(mktemp -d)
cleanup() {
  local code=$?
  if [[ -n $daemon ]]; then kill -KILL "$daemon" 2>/dev/null || true; fi
  if ((code != 0)) && [[ -s $work/daemon.log ]]; then sed 's/^/  daemon: /' "$work/daemon.log" | tail -n 30 >&2; fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The first port from $1 on that nobody listens on.
free_port() {
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    port=$((port + 1))
    ((port < $1 + 100)) || die "ports $1 to $port are all taken"
  done
  echo "$port"
}

# Metrics, with what every machine has.
scrape() {
  if command -v curl >/dev/null; then
    curl --silent --fail --noproxy '*' --max-time 5 "http://127.0.0.1:$metrics_port/metrics"
  else
    exec 3<>"/dev/tcp/127.0.0.1/$metrics_port"
    printf 'GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
    sed '1,/^\r$/d' <&3
    exec 3>&-
  fi
}

say "what it needs: compiler and libraries"
deploy/install-deps.sh build
echo "all there"

say "build (the first time takes minutes)"
cmake --workflow --preset release

port=$(free_port 8001)
metrics_port=$(free_port 8002)
((metrics_port != port)) || metrics_port=$(free_port $((port + 1)))
server=127.0.0.1:$port
say "start: $recurd --listen=$server --metrics_listen=127.0.0.1:$metrics_port --model_repository=deploy/models"
"$recurd" --listen="$server" --metrics_listen="127.0.0.1:$metrics_port" --model_repository=deploy/models \
  >"$work/daemon.log" 2>&1 &
daemon=$!
for ((attempt = 0; ; ++attempt)); do
  if "$recurctl" health --server="$server" >/dev/null 2>&1; then break; fi
  if ! kill -0 "$daemon" 2>/dev/null; then daemon=''; die "the daemon did not start"; fi
  ((attempt < 150)) || die "the daemon was not healthy within 30 seconds"
  sleep 0.2
done
echo "$("$recurctl" health --server="$server") on $server"

say "stream: $recurctl stream --model=digits --input=$digits --columns=p0-p7 --chunk=1"
"$recurctl" stream --server="$server" --model=digits --input="$digits" --columns=p0-p7 --chunk=1 --outputs=every \
  >"$work/outputs.csv" 2>"$work/summary" || { cat "$work/summary" >&2; die "the stream failed"; }
cat "$work/summary"

# Inputs: sequence,step,label,p0..p7. Outputs: sequence,step,ten logits. The answer is the guess after the last row.
say "predictions: each digit goes in a row at a time, and after every row the model says what it thinks"
awk -F, -v shown=4 '
  function shade(pixel) { return substr("  ..::--==++**##@", int(pixel) + 1, 1) }
  FNR == 1 { next }
  NR == FNR {
    drawn = ""
    for (i = 4; i <= NF; ++i) drawn = drawn shade($i) shade($i)
    picture[$1, $2] = drawn; label[$1] = $3; if ($2 > last[$1]) last[$1] = $2
    if (!($1 in seen)) { seen[$1] = 1; order[sequences++] = $1 }
    ++rows_in
    next
  }
  {
    best = 3
    for (i = 4; i <= NF; ++i) if ($i + 0 > $best + 0) best = i
    guess[$1, $2] = best - 3; ++rows_out
  }
  END {
    printf "\n"
    for (s = 0; s < shown; ++s) printf "  %-18s", "truth: " label[order[s]]
    printf "\n"
    for (row = 0; row <= last[order[0]]; ++row) {
      for (s = 0; s < shown; ++s) printf "  %-16s %s", picture[order[s], row], guess[order[s], row]
      printf "\n"
    }
    for (s = 0; s < sequences; ++s) {
      id = order[s]
      for (row = 0; row <= last[id]; ++row) { ++count[row]; right[row] += guess[id, row] == label[id] }
      if (guess[id, last[id]] == label[id]) ++correct
      else wrong = wrong sprintf("  sequence %s: predicted %s, truth %s\n", id, guess[id, last[id]], label[id])
    }
    printf "\n  right after row  "; for (row = 0; row in count; ++row) printf "%6d", row + 1
    printf "\n                   "; for (row = 0; row in count; ++row) printf "%5.1f%%", 100 * right[row] / count[row]
    printf "\n\n  %d of %d sequences right: %.1f %%\n%s", correct, sequences, 100 * correct / sequences, wrong
    if (rows_out != rows_in) { printf "  %d rows went in, %d answers came out\n", rows_in, rows_out; exit 1 }
    if (sequences < 200 || correct < 0.98 * sequences) { print "  fewer than 98 % of at least 200"; exit 1 }
  }' "$digits" "$work/outputs.csv" || die "the predictions are not what they should be"

scrape >"$work/metrics" || die "no metrics on port $metrics_port"
say "latency, measured on this machine: one message a timestep, one stream"
awk '
  # The value below which `fraction` of a histogram lies, between bucket edges as Prometheus does it; in microseconds.
  function quantile(name, fraction,   i, rank, low) {
    rank = fraction * total[name]
    for (i = 0; i < edges[name]; ++i) {
      if (below[name, i] < rank) continue
      low = i ? below[name, i - 1] : 0
      from = i ? edge[name, i - 1] : 0
      return 1e6 * (from + (edge[name, i] - from) * (rank - low) / (below[name, i] - low))
    }
    return 1e6 * edge[name, edges[name] - 1]
  }
  function line(what, name) {
    if (!total[name]) { missing = missing " " name; return }
    printf "  %-52s %9.2f us %9.2f us\n", what, quantile(name, 0.5), quantile(name, 0.99)
  }
  match($0, /^recurd_(step|chunk)_latency_seconds_bucket\{/) && /model="digits"/ {
    name = substr($0, 8, index($0, "_latency") - 8)
    split(substr($0, index($0, "le=\"") + 4), part, "\"")
    if (part[1] == "+Inf") { total[name] = $NF; next }
    edge[name, edges[name] + 0] = part[1]; below[name, edges[name]++] = $NF
  }
  /^[0-9]+ steps, .*round trip p50/ {
    text = $0; sub(/.*round trip p50 /, "", text); split(text, trip, /, [a-z0-9]+ /)
  }
  END {
    printf "  %-52s %12s %12s\n", "", "p50", "p99"
    line("a step: the pipeline, on the daemon", "step")
    line("a message: receipt to reply, on the daemon", "chunk")
    printf "  %-52s %12s %12s\n", "a message: send to answer, at the client", trip[1], trip[2]
    if (missing || trip[1] == "") { print "missing:" missing; exit 1 }
  }' "$work/metrics" "$work/summary" || die "the latency table is not complete"

say "metrics: curl -s http://127.0.0.1:$metrics_port/metrics"
grep -E '^recurd_(steps_total|chunks_total|sessions_opened_total|sessions_ended_total|pipeline_busy_seconds_total|build_info)' \
  "$work/metrics" | grep -vE ' 0$' | cut -c1-150

say "stop: SIGTERM, and wait"
kill -TERM "$daemon"
code=0
wait "$daemon" || code=$?
daemon=''
((code == 0)) || die "the daemon ended with exit code $code"
echo "the daemon drained and ended with exit code 0"
