"""Data for benches/peers_inference.sh, and one peer per call.

python peers_inference.py make FOLDER          writes clusters.parquet and threshold.parquet
python peers_inference.py METHOD FILE.parquet  prints RESULT load=… compute=… (seconds) and the numbers
METHOD: crv3, wild, rd, rd_covariates, rd_density.
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
    n = 1_000_000
    waist = np.round(rng.normal(84.0, 9.0, n), 1)
    age = rng.integers(40, 65, n).astype(float)
    y = 0.02 * (waist - 85) + 0.0004 * (waist - 85) ** 2 - 0.15 * (waist >= 85) + 0.01 * age + rng.normal(size=n)
    pd.DataFrame({"waist": waist, "age": age, "y": y}).to_parquet(f"{folder}/threshold.parquet")


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
elif method in ("rd", "rd_covariates"):
    from rdrobust import rdrobust

    frame = pd.read_parquet(place)
    loaded = time.time()
    more = {"covs": frame[["age"]]} if method == "rd_covariates" else {}
    fit = rdrobust(frame.y, frame.waist, c=85, **more)
    done(loaded, time.time(), f"estimate={fit.coef.iloc[2, 0]:.6f} se={fit.se.iloc[2, 0]:.6f}")
elif method == "rd_density":
    from rddensity import rddensity

    frame = pd.read_parquet(place)
    loaded = time.time()
    fit = rddensity(frame.waist, c=85)
    done(loaded, time.time(), f"p={fit.test['p_jk']:.5f}")
