#!/usr/bin/env bash
# Errors for few clusters beside the packages people use today: whole calls, same files.
# Usage: benches/peers_inference.sh [PEER…]
# Needs a release build (cargo build --release) and, in PYTHON, an interpreter with pyfixest and wildboottest.
set -euo pipefail
peers=${*:-crv3 wild}
root=$(cd "$(dirname "$0")/.." && pwd)
korabo=${KORABO:-$root/target/release/korabo}
python=${PYTHON:-python3}
scripts=$root/benches
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" "$scripts/peers_inference.py" make "$folder"
cat "$folder/clusters.parquet" > /dev/null

. "$root/benches/measure.sh"

ask() {
    measure "korabo $1" "$korabo" sql --format csv -c "$2"
}
clusters="(SELECT * FROM '$folder/clusters.parquet'), 'y ~ treated + x1 + x2'"
ask 'ols, cr3' "SELECT std_error, p_value FROM ols($clusters, vcov => 'cr3(site)') WHERE term = 'treated'"
ask 'ols, wild 9999' "SELECT p_value, p_value_wild FROM ols($clusters, vcov => 'cluster(site)', wild => 9999) WHERE term = 'treated'"
for peer in $peers; do
    measure "$peer" timeout 900 "$python" "$scripts/peers_inference.py" "$peer" "$folder/clusters.parquet"
done
