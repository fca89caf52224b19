#!/bin/sh
# What a small question costs: `select 1` from a cold start, and 200 queries in one process.
#
#     benches/prompt.sh [KORABO]        default: target/release/korabo
#
# The share outside the engine is (200 queries - one start - `200 small queries in the engine`) / 200 queries;
# the last is measured by `cargo bench --bench prompt`.
set -eu
korabo=$(realpath "${1:-target/release/korabo}")
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"
n=0
while [ $n -lt 200 ]; do
    echo "select value, value * $n as x from generate_series(1, 20) where value > 3;"
    n=$((n + 1))
done > queries.sql

# The median of 21 runs, in milliseconds.
measured() {
    name=$1
    shift
    i=0
    while [ $i -lt 21 ]; do
        start=$(date +%s%N)
        "$@" > /dev/null
        echo $((($(date +%s%N) - start) / 10000))
        i=$((i + 1))
    done | sort -n | awk -v name="$name" 'NR == 11 { printf "%-24s %8.2f ms\n", name, $1 / 100 }'
}
measured 'select 1' "$korabo" sql -c 'select 1'
measured '200 queries' "$korabo" sql --format csv -f queries.sql
