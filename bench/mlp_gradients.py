#!/usr/bin/env python3
"""Writes engine/graph/testdata/mlp_gradients.json: values, input derivatives and gradients of small programs.

Each program is written once over a name space of array functions and run by PyTorch and by JAX in
float64. Input derivatives come from nested reverse mode in PyTorch and nested forward mode in JAX,
so that the two agree only if both are right. The file holds PyTorch's numbers.
"""

import datetime
import json
import os
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"], os.environ["JAX_PLATFORMS"] = "", "cpu"

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import torch

from peers.work import G, uniform, weights

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
TARGET = Path(__file__).resolve().parent.parent / "engine/graph/testdata/mlp_gradients.json"


class Torch:
    """The array functions of the programs, by PyTorch."""

    tanh, sin, sigmoid, relu, exp = torch.tanh, torch.sin, torch.sigmoid, torch.relu, torch.exp
    softplus, silu, gelu = torch.nn.functional.softplus, torch.nn.functional.silu, torch.nn.functional.gelu
    where, maximum, minimum, log_softmax = torch.where, torch.maximum, torch.minimum, torch.log_softmax
    logsumexp, cumsum, concat, amax, amin = torch.logsumexp, torch.cumsum, torch.cat, torch.amax, torch.amin

    @staticmethod
    def columns(a, index):
        return a[:, torch.tensor(index)]

    @staticmethod
    def pick(a, label):
        return a.gather(1, torch.tensor(label)[:, None])[:, 0]

    @staticmethod
    def derivative(f, axis):
        """∂f/∂x_axis as a function of x [n × d]; f maps each row to one number, so the sum separates."""

        def df(x):
            x = x if x.requires_grad else x.detach().requires_grad_()
            return torch.autograd.grad(f(x).sum(), x, create_graph=True)[0][:, axis : axis + 1]

        return df

    @staticmethod
    def run(program, params, inputs):
        leaves = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
        data = {k: torch.tensor(v) for k, v in inputs.items()}
        out = program(Torch, leaves, data)
        grads = torch.autograd.grad(out["loss"], list(leaves.values()), materialize_grads=True)
        return {k: v.detach().numpy() for k, v in out.items()}, {k: g.numpy() for k, g in zip(leaves, grads)}

    @staticmethod
    def rows(residual, params, inputs):
        leaves = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
        r = residual(Torch, leaves, {k: torch.tensor(v) for k, v in inputs.items()})[:, 0]
        # The last bias drops out of x''; materialize_grads makes its unused gradient a zero.
        rows = [torch.autograd.grad(x, list(leaves.values()), retain_graph=True, materialize_grads=True) for x in r]
        return torch.stack([torch.cat([g.flatten() for g in row]) for row in rows]).numpy()


class Jax:
    """The same by JAX."""

    tanh, sin, sigmoid, relu, exp = jnp.tanh, jnp.sin, jax.nn.sigmoid, jax.nn.relu, jnp.exp
    softplus, silu = jax.nn.softplus, jax.nn.silu
    where, maximum, minimum, log_softmax = jnp.where, jnp.maximum, jnp.minimum, jax.nn.log_softmax
    logsumexp, cumsum, concat, amax, amin = jax.nn.logsumexp, jnp.cumsum, jnp.concatenate, jnp.max, jnp.min

    @staticmethod
    def gelu(x):
        return jax.nn.gelu(x, approximate=False)

    @staticmethod
    def columns(a, index):
        return a[:, jnp.array(index)]

    @staticmethod
    def pick(a, label):
        return jnp.take_along_axis(a, jnp.array(label)[:, None], axis=1)[:, 0]

    @staticmethod
    def derivative(f, axis):
        def df(x):
            return jax.jvp(f, (x,), (jnp.zeros_like(x).at[:, axis].set(1),))[1]

        return df

    @staticmethod
    def run(program, params, inputs):
        out, grads = program(Jax, params, inputs), jax.grad(lambda p: program(Jax, p, inputs)["loss"])(params)
        return {k: np.asarray(v) for k, v in out.items()}, {k: np.asarray(v) for k, v in grads.items()}

    @staticmethod
    def rows(residual, params, inputs):
        jac = jax.jacfwd(lambda p: residual(Jax, p, inputs)[:, 0])(params)
        return np.concatenate([np.asarray(jac[k]).reshape(len(jac[k]), -1) for k in params], axis=1)


def mlp(B, p, x, activation):
    depth = len(p) // 2
    for l in range(depth):
        x = x @ p[f"W{l}"] + p[f"b{l}"]
        if l < depth - 1:
            x = getattr(B, activation)(x)
    return x


def plain(activation):
    def program(B, p, d):
        y = mlp(B, p, d["x"], activation)
        return {"y": y, "loss": ((y - d["target"]) ** 2).mean()}

    return program


def free_fall(activation):
    def program(B, p, d):
        def x(t):
            return mlp(B, p, t, activation)

        x1 = B.derivative(x, 0)
        x2 = B.derivative(x1, 0)
        x, x1, x2 = x(d["t"]), x1(d["t"]), x2(d["t"])
        loss = ((x2 + G) ** 2).mean() + x[0, 0] ** 2 + (x1[0, 0] - 1) ** 2
        return {"x": x, "x'": x1, "x''": x2, "loss": loss}

    return program


def classifier(B, p, d):
    logit = mlp(B, p, d["x"], "tanh")
    return {"logits": logit, "loss": -B.pick(B.log_softmax(logit, -1), LABELS).mean()}


def fourth_order(B, p, d):
    f = [lambda t: mlp(B, p, t, "tanh")]
    for _ in range(4):
        f.append(B.derivative(f[-1], 0))
    u = [g(d["t"]) for g in f]
    return {"u": u[0], "u'": u[1], "u''": u[2], "u'''": u[3], "u''''": u[4], "loss": (u[4] ** 2).sum()}


def laplacian(B, f):
    second = [B.derivative(B.derivative(f, axis), axis) for axis in (0, 1)]
    return lambda x: second[0](x) + second[1](x)


def laplace(B, p, d):
    def u(x):
        return mlp(B, p, x, "tanh")

    u, lap, mixed = u(d["x"]), laplacian(B, u)(d["x"]), B.derivative(B.derivative(u, 0), 1)(d["x"])
    return {"u": u, "lap u": lap, "∂²u/∂x₀∂x₁": mixed, "loss": ((lap - u**3) ** 2).sum()}


def bilaplace(B, p, d):
    bilap = laplacian(B, laplacian(B, lambda x: mlp(B, p, x, "tanh")))(d["x"])
    return {"bilap u": bilap, "loss": (bilap**2).sum()}


def pieces(B, p, d):
    c = B.concat([p["A"], p["B"]], 1)
    s = B.cumsum(c, 1)
    g = B.columns(s, COLUMNS)
    w = B.where(p["A"] > 0, g * p["A"], B.sin(p["A"]))
    m = B.minimum(B.maximum(w, p["A"]), B.exp(p["A"]) - 1.5 * g)
    out = B.logsumexp(m, 1)
    return {"s": s, "m": m, "out": out, "loss": (out**2).sum() + (B.amax(s, 1) * B.amin(s, 1)).sum()}


LABELS = [2, 0, 3, 3, 1]
COLUMNS = [6, 0, 3, 3]


def net(*widths):
    return {f"{n}{l}": p for l, layer in enumerate(weights(widths, bias=0.3)) for n, p in zip("Wb", layer)}


def numbers(*shape, seed):
    u = uniform(seed)
    return np.array([next(u) for _ in range(int(np.prod(shape)))]).reshape(shape)


def programs():
    """Name, description, program, weights, inputs."""
    t = {"t": (np.arange(9) / 10).reshape(-1, 1)}
    fall = f"free fall, 1-8-8-1 {{}}: loss = mean((x''+{G})²) + x(0)² + (x'(0)-1)² over 9 points, the first is t = 0"
    yield ("mlp-tanh", "2-5-4-3 tanh: loss = mean over all 21 of (y - target)²", plain("tanh"), net(2, 5, 4, 3),
           {"x": numbers(7, 2, seed=11), "target": numbers(7, 3, seed=12)})
    for a in ("tanh", "sin", "sigmoid", "softplus", "gelu", "silu"):
        yield f"free-fall-{a}", fall.format(a + (" (exact, by erf)" if a == "gelu" else "")), free_fall(a), net(1, 8, 8, 1), t
    yield ("mlp-relu", "1-8-8-1 relu: loss = mean (y - target)²", plain("relu"), net(1, 8, 8, 1),
           {"x": numbers(9, 1, seed=13), "target": numbers(9, 1, seed=14)})
    yield ("classifier", f"6-9-4 tanh: loss = mean of softmax cross-entropy, labels {LABELS}", classifier, net(6, 9, 4),
           {"x": numbers(5, 6, seed=15)})
    yield ("fourth-order", "1-6-6-1 tanh: loss = Σ u''''²", fourth_order, net(1, 6, 6, 1), {"t": numbers(5, 1, seed=16)})
    yield ("laplacian", "2-6-6-1 tanh: loss = Σ (lap u - u³)²", laplace, net(2, 6, 6, 1), {"x": numbers(5, 2, seed=17)})
    yield ("bilaplacian", "2-6-6-1 tanh: loss = Σ (bilap u)², bilap = (∂₀²+∂₁²)²", bilaplace, net(2, 6, 6, 1),
           {"x": numbers(5, 2, seed=17)})
    yield ("pieces", "A [5×4], B [5×3]; along each row: c = concat(A, B); s = cumsum(c); g = columns "
           f"{COLUMNS} of s; w = where(A>0, g·A, sin A); m = min(max(w, A), exp(A) - 1.5 g); out = logsumexp(m); "
           "loss = Σ out² + Σ max(s)·min(s)", pieces, {"A": numbers(5, 4, seed=18), "B": numbers(5, 3, seed=19)}, {})


def difference(a, b):
    """Largest difference, relative to the largest entry."""
    return float(np.max(np.abs(a - b)) / max(np.max(np.abs(a)), 1e-300))


def pack(arrays):
    return {k: {"shape": list(np.shape(v)), "data": np.ravel(v).tolist()} for k, v in arrays.items()}


def main():
    cases = []

    def add(name, description, params, inputs, mine, theirs):
        worst = max(difference(x[k], y[k]) for x, y in zip(mine, theirs) for k in x)
        print(f"{name:20} PyTorch against JAX {worst:.1e}")
        assert worst < 1e-12, name
        cases.append({"name": name, "description": description, "max_difference": worst, "weights": pack(params),
                      "inputs": pack(inputs), "outputs": pack(mine[0]), "gradients": pack(mine[1])})

    for name, description, program, params, inputs in programs():
        add(name, description, params, inputs, Torch.run(program, params, inputs), Jax.run(program, params, inputs))
        if name == "free-fall-tanh":
            def residual(B, p, d):
                return free_fall("tanh")(B, p, d)["x''"] + G

            both = [({"jacobian": B.rows(residual, params, inputs)}, {}) for B in (Torch, Jax)]
            add("jacobian", f"rows ∂(x''(tᵢ)+{G})/∂(W0, b0, W1, b1, W2, b2), each flattened row-major; 1-8-8-1 tanh",
                params, inputs, *both)

    head = {
        "made_by": "bench/mlp_gradients.py",
        "versions": {"torch": torch.__version__, "jax": jax.__version__, "numpy": np.__version__},
        "date": datetime.date.today().isoformat(),
        "precision": "float64, shortest decimal that reads back exactly; numbers are PyTorch's; max_difference: largest "
                     "|PyTorch - JAX| of an array over its largest entry; everything is dimensionless except g in m/s²",
        "structure": "weights, inputs, outputs, gradients: name → {shape, data row-major}; y = act(x W0 + b0) … W2 + b2, "
                     "W [in × out]; gradients are of outputs.loss by the weights",
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    body = ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases)
    text = json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "cases": [\n' + body + "\n]}\n"
    json.loads(text)
    TARGET.write_text(text)
    print(f"{len(cases)} cases, {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
