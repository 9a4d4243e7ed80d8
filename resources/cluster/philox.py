"""Random numbers by counter, those of src-shared/random.ts: Philox4x32-10 (Salmon et al., "Parallel random numbers:
as easy as 1, 2, 3"). A number depends only on (seed, purpose, a, b) and its place in the row, so that orders and crops
are the same for any number of workers and after any restart."""

import numpy as np

PURPOSES = {"order": 2, "crop": 3, "shuffle": 4}

LOW = np.uint64(0xFFFFFFFF)
HIGH = np.uint64(32)


def philox(counters: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """The four 32-bit numbers at each counter [n, 4] under a key, as uint64 [n, 4]."""
    c0, c1, c2, c3 = counters.astype(np.uint64).T
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (
            (p1 >> HIGH) ^ c1 ^ np.uint64(k0),
            p1 & LOW,
            (p0 >> HIGH) ^ c3 ^ np.uint64(k1),
            p0 & LOW,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack((c0, c1, c2, c3), 1)


def uniforms(seed: int, purpose: str, a: np.ndarray, b: np.ndarray, count: int) -> np.ndarray:
    """`count` numbers uniform in [0, 1) of each row (seed, purpose, a[i], b[i]), float64 [n, count]."""
    blocks = -(-count // 4)
    counters = np.zeros((len(a), blocks, 4), np.uint64)
    counters[:, :, 0] = np.arange(blocks)
    counters[:, :, 1] = np.asarray(a)[:, None]
    counters[:, :, 2] = np.asarray(b)[:, None]
    words = philox(counters.reshape(-1, 4), (seed, PURPOSES[purpose]))
    return words.reshape(len(a), -1)[:, :count] / 2.0**32


def permutation(n: int, seed: int, purpose: str, a: int) -> np.ndarray:
    """The numbers 0 .. n-1 in a random order, by Fisher and Yates."""
    order = list(range(n))
    u = uniforms(seed, purpose, np.array([a]), np.array([0]), n)[0]
    places = np.floor(u * np.arange(1, n + 1)).astype(int).tolist()
    for i in range(n - 1, 0, -1):
        j = places[i]
        order[i], order[j] = order[j], order[i]
    return np.array(order)
