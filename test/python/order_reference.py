"""Writes order-reference.json: k-means of scikit-learn from given centres; k-centre greedy as its authors write it; PatchCore's distances.

    python -m venv /tmp/sk && /tmp/sk/bin/pip install scikit-learn && /tmp/sk/bin/python test/python/order_reference.py

Rows are waves that the tests can make again.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors


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


def k_centre_greedy(count, width, groups, chosen):
    """kCenterGreedy of google/active-learning (sampling_methods/kcenter_greedy.py), begun with row 0 instead of any."""
    x = rows(count, width, groups)
    selected, min_distances = [], None
    for _ in range(chosen):
        ind = 0 if min_distances is None else int(np.argmax(min_distances))
        dist = pairwise_distances(x, x[[ind]], metric="euclidean")
        min_distances = dist if min_distances is None else np.minimum(min_distances, dist)
        selected.append(ind)
    return {
        "count": count,
        "width": width,
        "groups": groups,
        "chosen": selected,
        "radius": float(min_distances.max()),
    }


def patch_core(images, grid, width, bank):
    """PatchCore of images of grid x grid patches: the first half are ordinary, the others are asked about; what the ordinary ones have in common is taken away."""
    x = rows(images * grid * grid, width, 5).reshape(images, grid, grid, width)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    inside = np.pad(np.ones((1, grid, grid, 1)), ((0, 0), (1, 1), (1, 1), (0, 0)))
    around = [(i, j) for i in range(3) for j in range(3)]
    mean = sum(padded[:, i : i + grid, j : j + grid] for i, j in around)
    mean /= sum(inside[:, i : i + grid, j : j + grid] for i, j in around)
    mean -= mean[: images // 2].reshape(-1, width).mean(0)
    mean /= np.linalg.norm(mean, axis=-1, keepdims=True)
    ordinary = mean[: images // 2].reshape(-1, width)
    selected, nearest = [0], pairwise_distances(ordinary, ordinary[[0]])
    while len(selected) < bank:
        selected.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, pairwise_distances(ordinary, ordinary[[selected[-1]]]))
    asked = mean[images // 2 :].reshape(-1, width)
    found, _ = NearestNeighbors(n_neighbors=1).fit(ordinary[selected]).kneighbors(asked)
    return {"images": images, "grid": grid, "width": width, "bank": bank, "distances": found[:, 0].tolist()}


def main():
    found = {
        "sklearn": sklearn.__version__,
        "kMeans": [k_means(60, 8, 4, 4), k_means(300, 16, 5, 8)],
        "kCentre": [k_centre_greedy(60, 8, 4, 6), k_centre_greedy(300, 16, 5, 40)],
        "patchCore": [patch_core(8, 4, 12, 10)],
    }
    file = pathlib.Path(__file__).with_name("order-reference.json")
    file.write_text(json.dumps(found) + "\n")


main()
