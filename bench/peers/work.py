"""What every side computes: networks, points, first weights. NumPy only, so that Go can repeat it.

Numbers come from Marsaglia's xorshift32 because it is three lines and exact in any language.
"""

import math
from dataclasses import dataclass

import numpy as np

G = 9.8  # acceleration of free fall, m/s²
NU = 0.01 / math.pi  # Burgers viscosity
RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8  # Adam, as in Kingma and Ba, Algorithm 1
DAMPING = 1e-6  # added to the diagonal of JᵀJ


@dataclass(frozen=True)
class Work:
    name: str
    kind: str  # "freefall", "gauss-newton" or "classifier"
    widths: tuple  # inputs first, outputs last


WORKS = {
    w.name: w
    for w in [
        Work("freefall", "freefall", (1, 32, 64, 32, 1)),
        Work("mlp20", "freefall", (1, 20, 20, 20, 1)),
        Work("mlp50", "freefall", (1, 50, 50, 50, 1)),
        Work("mlp128", "freefall", (1, 128, 128, 128, 1)),
        Work("mlp512", "freefall", (1, 512, 512, 512, 1)),
        Work("gauss-newton", "gauss-newton", (2, 23, 23, 23, 1)),
        Work("classifier", "classifier", (784, 128, 10)),
    ]
}


def uniform(seed=2463534242):
    """Yields numbers in (-1, 1): 2·s/2³² - 1 with s from xorshift32 (Marsaglia 2003)."""
    s = seed
    while True:
        s ^= (s << 13) & 0xFFFFFFFF
        s ^= s >> 17
        s ^= (s << 5) & 0xFFFFFFFF
        yield 2 * (s / 2**32) - 1


def weights(widths, bias=0.01, seed=2463534242):
    """First weights [(W, b), …], W [in × out] row-major, drawn in the order W₀, b₀, W₁, b₁, …

    W = √(6/(in+out))·u (Glorot's range), b = bias·u, u from uniform(seed).
    """
    u = uniform(seed)
    layers = []
    for m, n in zip(widths, widths[1:]):
        w = math.sqrt(6 / (m + n)) * np.array([next(u) for _ in range(m * n)]).reshape(m, n)
        layers.append((w, bias * np.array([next(u) for _ in range(n)])))
    return layers


def times():
    """The 1000 collocation points 0, 0.001, …, 0.999 as a column. Point 0 carries the initial conditions."""
    return (np.arange(1000) / 1000).reshape(-1, 1)


def burgers_points(n=3000):
    """Points (t, x): tᵢ = (i+½)/n, xᵢ = -1 + 2·frac(i·0.6180339887498949)."""
    i = np.arange(n)
    return np.stack([(i + 0.5) / n, -1 + 2 * np.mod(i * 0.6180339887498949, 1)], axis=1)


def batch():
    """One batch of 128 made-up pictures of 784 pixels in [0, 1) and their labels 0 … 9."""
    x = np.mod(np.arange(128 * 784) * 0.6180339887498949, 1).reshape(128, 784)
    return x, (7 * np.arange(128) + 3) % 10
