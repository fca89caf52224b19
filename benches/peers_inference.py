"""Data for benches/peers_inference.sh, and one peer per call.

python peers_inference.py make FOLDER          writes clusters.parquet
python peers_inference.py METHOD FILE.parquet  prints RESULT load=… compute=… (seconds) and the numbers
METHOD: crv3, wild.
"""

import sys
import time
import warnings

warnings.filterwarnings("ignore")
started = time.time()
import numpy as np
import pandas as pd

method, place = sys.argv[1], sys.argv[2]


def make(folder):
    rng = np.random.default_rng(20261129)
    n, n_sites = 200_000, 40
    site = np.sort(rng.integers(0, n_sites, n))
    treated = site < 12
    x1, x2 = rng.normal(size=n), rng.normal(size=n)
    y = 0.1 * treated + 0.3 * x1 + rng.normal(size=n_sites)[site] * 0.2 + rng.normal(size=n)
    frame = pd.DataFrame({"site": site, "treated": treated.astype("i1"), "x1": x1, "x2": x2, "y": y})
    frame.to_parquet(f"{folder}/clusters.parquet")


def done(loaded, ended, text):
    print(f"RESULT load={loaded - started:.2f} compute={ended - loaded:.2f} {text}")


if method == "make":
    make(place)
elif method in ("crv3", "wild"):
    import pyfixest

    frame = pd.read_parquet(place)
    loaded = time.time()
    vcov = {"CRV3": "site"} if method == "crv3" else {"CRV1": "site"}
    fit = pyfixest.feols("y ~ treated + x1 + x2", frame, vcov=vcov)
    if method == "crv3":
        text = f"se={fit.se()['treated']:.6f}"
    else:
        test = fit.wildboottest(param="treated", reps=9999, seed=1)
        text = f"p={test['Pr(>|t|)']:.5f}"
    done(loaded, time.time(), text)
