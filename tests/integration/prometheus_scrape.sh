#!/bin/bash
# prometheus_scrape.sh ADDRESS PROMQL...: does a real Prometheus like http://ADDRESS/metrics?
# Checks the page with promtool, lets a Prometheus of its own scrape it each second, five times, and prints for each
# expression the samples that it answers, as "PROMQL<tab>{labels} => value @[time]".
# Fails if a tool is missing, promtool finds fault, the scrapes fail, or an expression is wrong or answers nothing.
# Example: prometheus_scrape.sh 127.0.0.1:8002 up 'histogram_quantile(0.99, sum by (le) (recurd_chunk_latency_seconds_bucket))'
set -euo pipefail

die() { echo "prometheus_scrape.sh: $*" >&2; exit 1; }

[[ $# -ge 1 ]] || die "usage: $0 ADDRESS PROMQL..."
for tool in curl promtool prometheus; do
  command -v "$tool" > /dev/null || die "$tool is not installed; on Debian: apt-get install curl prometheus"
done
address=$1
shift

dir=$(mktemp -d)
pid=
cleanup() {
  if [[ -n $pid ]]; then kill "$pid" 2> /dev/null || true; wait "$pid" 2> /dev/null || true; fi
  rm -rf "$dir"
}
trap cleanup EXIT

curl --fail --silent --show-error --globoff --noproxy '*' --max-time 5 "http://$address/metrics" > "$dir/page" ||
  die "can't fetch http://$address/metrics"
promtool check metrics < "$dir/page" > "$dir/findings" 2>&1 || die "promtool check metrics: $(cat "$dir/findings")"

cat > "$dir/prometheus.yml" << END
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: recurd
    static_configs: [{targets: ['$address']}]
END
prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" --web.listen-address=127.0.0.1:0 \
  > "$dir/log" 2>&1 &
pid=$!

query() { promtool query instant "http://$server" "$1"; }

# Tries `$@` ten times a second, for as long as a slow machine may need.
wait_for() {
  for _ in {1..300}; do
    if "$@"; then return; fi
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.1
  done
  tail -n 20 "$dir/log" >&2
  die "gave up waiting for: $*"
}
listens() { server=$(sed -n 's/.*msg="Listening on" address=//p' "$dir/log") && [[ -n $server ]]; }
scraped() { [[ -n $(query 'sum_over_time(up{job="recurd"}[1m]) >= 5' 2> /dev/null) ]]; }

wait_for listens
wait_for scraped
for expression in "$@"; do
  query "$expression" > "$dir/answer" 2>&1 || die "$expression: $(cat "$dir/answer")"
  [[ -n $(< "$dir/answer") ]] || die "$expression: no answer"
  while IFS= read -r line; do printf '%s\t%s\n' "$expression" "$line"; done < "$dir/answer"
done
