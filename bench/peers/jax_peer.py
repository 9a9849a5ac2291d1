"""JAX: every step one jitted function. Adam is written out, for JAX has none."""

import math
from functools import partial

import jax
import jax.flatten_util
import jax.numpy as jnp
from jax.experimental import jet
from jax.scipy.linalg import cho_factor, cho_solve

from . import work as W


def build(peer, work, dtype, threads):
    jax.config.update("jax_enable_x64", dtype == "f64")
    real = jnp.float64 if dtype == "f64" else jnp.float32
    first = [jnp.asarray(p, real) for layer in W.weights(work.widths) for p in layer]
    if work.kind == "gauss-newton":
        stepper = Stepper(partial(gauss_newton, jnp.asarray(W.burgers_points(), real)), first)
    else:
        if work.kind == "classifier":
            x, label = W.batch()
            loss = partial(classifier_loss, jnp.asarray(x, real), jnp.asarray(label))
        else:
            loss = partial({"jax-nested": nested_loss, "jax-jet": jet_loss}[peer], jnp.asarray(W.times(), real))
        zero = [jnp.zeros_like(p) for p in first]
        stepper = Stepper(partial(adam, loss), first, zero, zero, jnp.zeros((), real))
    stepper.version = jax.__version__
    stepper.blas = "Eigen in XLA; LAPACK by SciPy"
    return stepper


class Stepper:
    """Runs step(state) → loss, state."""

    def __init__(self, step, *state):
        self.step = jax.jit(lambda state: step(*state))
        self.first = state
        self.reset()

    def reset(self):
        self.state = self.first

    def run(self, k):
        for _ in range(k):
            loss, self.state = self.step(self.state)
        jax.block_until_ready(self.state)
        return float(loss)


def adam(loss, params, m, v, k):
    value, grads = jax.value_and_grad(loss)(params)
    k = k + 1
    m = [W.BETA1 * a + (1 - W.BETA1) * g for a, g in zip(m, grads)]
    v = [W.BETA2 * a + (1 - W.BETA2) * g * g for a, g in zip(v, grads)]
    # 1 - βᵏ by expm1: in float32 the difference would lose half its digits at small k.
    rate, root = -W.RATE / jnp.expm1(k * math.log(W.BETA1)), jnp.sqrt(-jnp.expm1(k * math.log(W.BETA2)))
    params = [p - rate * a / (jnp.sqrt(b) / root + W.EPSILON) for p, a, b in zip(params, m, v)]
    return value, (params, m, v, k)


def mlp(params, a):
    for w, b in zip(params[0:-2:2], params[1:-2:2]):
        a = jnp.tanh(a @ w + b)
    return a @ params[-2] + params[-1]


def initial_and_residual(x, x1, x2):
    return jnp.mean((x2 + W.G) ** 2) + x[0] ** 2 + (x1[0] - 1) ** 2


def nested_loss(t, params):
    def x(t):
        return mlp(params, t[None])[0]

    x1 = jax.grad(x)
    t = t[:, 0]
    return initial_and_residual(jax.vmap(x)(t), jax.vmap(x1)(t), jax.vmap(jax.grad(x1))(t))


def jet_loss(t, params):
    series = [jnp.ones_like(t), jnp.zeros_like(t)]
    x, (x1, x2) = jet.jet(partial(mlp, params), (t,), (series,))
    return initial_and_residual(x[:, 0], x1[:, 0], x2[:, 0])


def classifier_loss(x, label, params):
    h = jax.nn.relu(x @ params[0] + params[1])
    logp = jax.nn.log_softmax(h @ params[2] + params[3])
    return -jnp.mean(jnp.take_along_axis(logp, label[:, None], axis=1))


def gauss_newton(points, params):
    """w ← w - (JᵀJ + 10⁻⁶ I)⁻¹ Jᵀ r with r = u_t + u u_x - ν u_xx; the loss is mean r².

    Rows of J by vmap of reverse mode; jacfwd would push 1,196 directions.
    """
    flat, unflatten = jax.flatten_util.ravel_pytree(params)

    def residual(flat, point):
        def u(p):
            return mlp(unflatten(flat), p)[0]

        et, ex = jnp.eye(2, dtype=point.dtype)
        value, ut = jax.jvp(u, (point,), (et,))
        ux, uxx = jax.jvp(lambda p: jax.jvp(u, (p,), (ex,))[1], (point,), (ex,))
        return ut + value * ux - W.NU * uxx

    r, j = jax.vmap(jax.value_and_grad(residual), (None, 0))(flat, points)
    normal = j.T @ j + W.DAMPING * jnp.eye(len(flat), dtype=flat.dtype)
    flat = flat - cho_solve(cho_factor(normal), j.T @ r)
    return jnp.mean(r * r), (unflatten(flat),)
