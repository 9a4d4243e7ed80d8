"""Writes order-reference.json: k-means of scikit-learn from given centres.

    python -m venv /tmp/sk && /tmp/sk/bin/pip install scikit-learn && /tmp/sk/bin/python test/python/order_reference.py

Rows are waves that the tests can make again.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.cluster import KMeans


def rows(count, width, groups):
    """Row r is near the corner of its group r % groups, as float32."""
    i = np.arange(count * width, dtype=np.float64).reshape(count, width)
    values = 0.6 * np.sin(i * i * 0.37)
    values[np.arange(count), np.arange(count) % groups] += 1
    return values.astype(np.float32).astype(np.float64)


def k_means(count, width, groups, clusters):
    """Begins with the first rows, which are of different groups."""
    x = rows(count, width, groups)
    found = KMeans(clusters, init=x[:clusters], n_init=1, algorithm="lloyd", tol=0, max_iter=300).fit(x)
    return {
        "count": count,
        "width": width,
        "groups": groups,
        "clusters": clusters,
        "inertia": float(found.inertia_),
        "labels": found.labels_.tolist(),
    }


def main():
    found = {
        "sklearn": sklearn.__version__,
        "kMeans": [k_means(60, 8, 4, 4), k_means(300, 16, 5, 8)],
    }
    file = pathlib.Path(__file__).with_name("order-reference.json")
    file.write_text(json.dumps(found) + "\n")


main()
