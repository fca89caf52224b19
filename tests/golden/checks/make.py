"""Reference numbers for src/checks/drift.rs: population stability index with numpy, noise bound with scipy.

python3 make.py > psi.json     (numpy 2.x, scipy 1.x; nothing of korabo is used)
"""
import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(20261122)


def smoothed(counts):
    counts = np.asarray(counts, dtype=float)
    return (counts + 0.5) / (counts.sum() + 0.5 * len(counts))


def psi(delivery, reference):
    a, b = smoothed(delivery), smoothed(reference)
    return float(np.sum((a - b) * np.log(a / b)))


def by_decile(delivery, reference):
    cuts = np.quantile(reference, np.arange(1, 10) / 10, method="inverted_cdf")
    cuts = np.unique(cuts)
    cuts = cuts[cuts < reference.max()]
    parts = [np.bincount(np.searchsorted(cuts, x, side="left"), minlength=len(cuts) + 1) for x in (delivery, reference)]
    return parts


def by_class(delivery, reference):
    classes = np.union1d(delivery, reference)
    return [[int((x == c).sum()) for c in classes] for x in (delivery, reference)]


def case(name, delivery, reference, missing, is_code):
    delivery, reference = np.asarray(delivery), np.asarray(reference)
    exact = is_code or len(np.unique(reference)) <= 10
    parts = (by_class if exact else by_decile)(delivery, reference)
    parts = [list(map(int, p)) for p in parts]
    if sum(missing) > 0:
        parts[0].append(missing[0])
        parts[1].append(missing[1])
    n, m = len(delivery) + missing[0], len(reference) + missing[1]
    k = len(parts[0])
    return {
        "name": name,
        "delivery": [int(v) for v in delivery],
        "reference": [int(v) for v in reference],
        "missing": missing,
        "is_code": is_code,
        "psi": psi(*parts),
        "noise": float(stats.chi2.ppf(0.999, k - 1) * (1 / n + 1 / m)) if k > 1 else 0.0,
    }


def normal(mean, sd, n):
    return np.round(rng.normal(mean, sd, n)).astype(int)


cases = [
    case("nothing moved", normal(120, 15, 300), normal(120, 15, 900), [0, 0], False),
    case("a third of a standard deviation", normal(125, 15, 300), normal(120, 15, 900), [0, 0], False),
    case("one standard deviation", normal(135, 15, 300), normal(120, 15, 900), [0, 0], False),
    case("wider", normal(120, 30, 300), normal(120, 15, 900), [0, 0], False),
    case("half is missing", normal(120, 15, 150), normal(120, 15, 900), [150, 10], False),
    case("many equal values", rng.choice([0, 0, 0, 0, 0, 0, *range(20)], 400), rng.choice([0, 0, 0, *range(20)], 800), [3, 5], False),
    case("few classes", rng.choice([1, 2, 3], 200, p=[0.2, 0.3, 0.5]), rng.choice([1, 2, 3], 500, p=[0.3, 0.3, 0.4]), [0, 0], False),
    case("a new code", rng.choice([1, 2, 9], 200, p=[0.4, 0.4, 0.2]), rng.choice([1, 2], 500), [0, 0], True),
    case("a code that is gone", rng.choice([1, 2], 200), rng.choice([1, 2, 3], 500), [4, 0], True),
    case("a handful of rows", normal(120, 15, 12), normal(120, 15, 40), [0, 0], False),
]
print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
