#!/usr/bin/env bash
# Errors for few clusters and regression discontinuity beside the packages people use today: whole calls, same files.
# Usage: benches/peers_inference.sh [PEER…]
# Needs a release build (cargo build --release) and, in PYTHON, an interpreter with pyfixest, wildboottest, rdrobust and rddensity.
set -euo pipefail
peers=${*:-crv3 wild rd rd_covariates rd_density}
root=$(cd "$(dirname "$0")/.." && pwd)
korabo=${KORABO:-$root/target/release/korabo}
python=${PYTHON:-python3}
scripts=$root/benches
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" "$scripts/peers_inference.py" make "$folder"
cat "$folder"/*.parquet > /dev/null

. "$root/benches/measure.sh"

ask() {
    measure "korabo $1" "$korabo" sql --format csv -c "$2"
}
clusters="(SELECT * FROM '$folder/clusters.parquet'), 'y ~ treated + x1 + x2'"
threshold="(SELECT * FROM '$folder/threshold.parquet')"
ask 'ols, cr3' "SELECT std_error, p_value FROM ols($clusters, vcov => 'cr3(site)') WHERE term = 'treated'"
ask 'ols, wild 9999' "SELECT p_value, p_value_wild FROM ols($clusters, vcov => 'cluster(site)', wild => 9999) WHERE term = 'treated'"
ask 'rd' "SELECT method, estimate, std_error FROM rd($threshold, outcome => y, running => waist, cutoff => 85)"
ask 'rd, covariate' "SELECT method, estimate, std_error FROM rd($threshold, outcome => y, running => waist, cutoff => 85, covariates => [age])"
ask 'rd_density' "SELECT * FROM rd_density($threshold, running => waist, cutoff => 85)"
for peer in $peers; do
    file=threshold
    case $peer in crv3 | wild) file=clusters ;; esac
    measure "$peer" timeout 900 "$python" "$scripts/peers_inference.py" "$peer" "$folder/$file.parquet"
done
