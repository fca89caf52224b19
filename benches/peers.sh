#!/usr/bin/env bash
# Whole calls, from a Parquet file to the result, beside the packages people use today: same data, one run, one after the other.
# Usage: benches/peers.sh PERSONS EMPLOYERS [PEER…]
# Needs a release build (cargo build --release), KORABO_REFERENCE_DATA with goldens/peers_bench (the panel's generator and one
# script per peer, requirements.txt beside them) and, in PYTHON, an interpreter that has those packages.
set -euo pipefail
persons=$1 employers=$2
shift 2
peers=${*:-duckdb polars diffdiff diffdiff_clu pyfixest ddimp}
root=$(cd "$(dirname "$0")/.." && pwd)
korabo=${KORABO:-$root/target/release/korabo}
scripts=$KORABO_REFERENCE_DATA/goldens/peers_bench
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
panel=$folder/panel.parquet
"$python" "$scripts/make_panel.py" "$persons" "$employers" "$panel"
# The first reader pays for the disk; no later one should.
cat "$panel" > /dev/null

. "$root/benches/measure.sh"

input="SELECT person, year, NULLIF(g, 0) AS g, employer, spend, x1, x2, x3, year - NULLIF(g, 0) AS since FROM '$panel'"
columns="outcome => spend, unit => person, time => year, cohort => g"
adjusted="covariates => [x1, x2, x3], aggregate => 'dynamic'"
sql() {
    measure "korabo $1" "$korabo" sql --format csv -c "SELECT estimate, std_error FROM $2 LIMIT 1"
}
sql 'att, doubly robust' "att(($input), $columns, $adjusted)"
sql 'att, doubly robust, clustered' "att(($input), $columns, cluster => employer, $adjusted)"
sql 'att, doubly robust, bootstrap 999' "att(($input), $columns, bootstrap => 999, $adjusted)"
sql 'ols event study, clustered' \
    "ols((SELECT person, year, employer, spend, COALESCE(since, -1) AS since FROM ($input)), 'spend ~ i(since, -1) | person + year', vcov => 'cluster(employer)')"
sql 'did_imputation, clustered' "did_imputation(($input), $columns, cluster => employer)"
sql 'sun_abraham, clustered' "sun_abraham(($input), $columns, cluster => employer)"
for peer in $peers; do
    measure "$peer" timeout 300 "$python" "$scripts/run_peer.py" "$peer" "$panel"
done
