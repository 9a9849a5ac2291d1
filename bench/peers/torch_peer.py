"""PyTorch: nested autograd, Taylor mode, Taylor mode with a hand-written backward pass, compiled steps."""

import math

import torch
from torch.func import grad, jvp, vmap

from . import work as W

DTYPES = {"f32": torch.float32, "f64": torch.float64}


def build(peer, work, dtype, threads):
    torch.set_num_threads(threads)
    if torch.get_num_interop_threads() != threads:  # may be set only once
        torch.set_num_interop_threads(threads)
    kinds = {
        "torch-nested": Nested, "torch-taylor": Taylor, "torch-hand": Hand,
        "torch-compile": lambda *a: Compiled(*a, nested_loss), "torch-compile-taylor": lambda *a: Compiled(*a, taylor_loss),
        "torch-func": GaussNewton, "torch-func-compile": lambda *a: GaussNewton(*a, compile=True),
        "torch-adam": Classifier, "torch-adam-foreach": lambda *a: Classifier(*a, foreach=True),
        "torch-adam-fused": lambda *a: Classifier(*a, fused=True), "torch-adam-compile": lambda *a: Compiled(*a, classifier_loss),
    }
    stepper = kinds[peer](work, DTYPES[dtype])
    stepper.version = torch.__version__
    config = torch.__config__.show()
    stepper.blas = next((f"{b}, {torch.backends.cpu.get_cpu_capability()}" for b in ("MKL", "OpenBLAS") if b in config), "?")
    return stepper


def first_weights(work, dtype):
    """Tensors W₀ [in × out], b₀, W₁, …"""
    return [torch.tensor(p, dtype=dtype) for layer in W.weights(work.widths) for p in layer]


def adam(params, **options):
    return torch.optim.Adam(params, lr=W.RATE, betas=(W.BETA1, W.BETA2), eps=W.EPSILON, **options)


# Losses of free fall. params is W₀, b₀, W₁, …; t is [N × 1] and its first row is t = 0.


def initial_and_residual(x, x1, x2):
    return ((x2 + W.G) ** 2).mean() + x[0, 0] ** 2 + (x1[0, 0] - 1) ** 2


def mlp(params, a):
    for w, b in zip(params[0:-2:2], params[1:-2:2]):
        a = torch.tanh(torch.addmm(b, a, w))
    return torch.addmm(params[-1], a, params[-2])


def nested_loss(params, t):
    t = t.detach().requires_grad_()
    x = mlp(params, t)
    (x1,) = torch.autograd.grad(x.sum(), t, create_graph=True)
    (x2,) = torch.autograd.grad(x1.sum(), t, create_graph=True)
    return initial_and_residual(x, x1, x2)


def taylor_loss(params, t):
    """Carries value, first and second derivative; h = tanh z, h' = s z', h" = s (z" - 2 h z'²), s = 1 - h²."""
    n = len(t)
    a = torch.addmm(params[1], t, params[0])
    a, a1, a2 = tanh_streams(a, params[0], None)
    for w, b in zip(params[2:-2:2], params[3:-2:2]):
        z, z1, z2 = torch.mm(torch.cat([a, a1, a2]), w).split(n)  # one product for three streams
        a, a1, a2 = tanh_streams(z + b, z1, z2)
    x, x1, x2 = torch.mm(torch.cat([a, a1, a2]), params[-2]).split(n)
    return initial_and_residual(x + params[-1], x1, x2)


def tanh_streams(z, z1, z2):
    h = torch.tanh(z)
    s = 1 - h * h
    h1 = s * z1
    h2 = -2 * h * h1 * z1
    return h, h1, h2 if z2 is None else s * z2 + h2


def classifier_loss(params, x, label):
    h = torch.relu(torch.addmm(params[1], x, params[0]))
    return torch.nn.functional.cross_entropy(torch.addmm(params[3], h, params[2]), label)


class Module:
    """Steps of a torch.nn.Sequential with torch.optim.Adam, as a user writes them."""

    def __init__(self, work, dtype, activation, **options):
        self.first = first_weights(work, dtype)
        layers = []
        for m, n in zip(work.widths, work.widths[1:]):
            layers += [torch.nn.Linear(m, n, dtype=dtype), activation()]
        self.model = torch.nn.Sequential(*layers[:-1])
        self.options = options
        self.reset()

    def reset(self):
        with torch.no_grad():
            for p, w in zip(self.model.parameters(), self.first):
                p.copy_(w.T)  # Linear keeps [out × in]
        self.optimizer = adam(self.model.parameters(), **self.options)

    def run(self, k):
        for _ in range(k):
            self.optimizer.zero_grad()
            loss = self.loss()
            loss.backward()
            self.optimizer.step()
        return loss.item()


class Nested(Module):
    def __init__(self, work, dtype):
        super().__init__(work, dtype, torch.nn.Tanh)
        self.t = torch.tensor(W.times(), dtype=dtype, requires_grad=True)

    def loss(self):
        x = self.model(self.t)
        (x1,) = torch.autograd.grad(x.sum(), self.t, create_graph=True)
        (x2,) = torch.autograd.grad(x1.sum(), self.t, create_graph=True)
        return initial_and_residual(x, x1, x2)


class Classifier(Module):
    def __init__(self, work, dtype, **options):
        super().__init__(work, dtype, torch.nn.ReLU, **options)
        x, label = W.batch()
        self.x, self.label = torch.tensor(x, dtype=dtype), torch.tensor(label)

    def loss(self):
        return torch.nn.functional.cross_entropy(self.model(self.x), self.label)


class Taylor:
    """taylor_loss through autograd and PyTorch's fused Adam."""

    def __init__(self, work, dtype):
        self.first = first_weights(work, dtype)
        self.t = torch.tensor(W.times(), dtype=dtype)
        self.reset()

    def reset(self):
        self.params = [w.clone().requires_grad_() for w in self.first]
        self.optimizer = adam(self.params, fused=True)

    def run(self, k):
        for _ in range(k):
            self.optimizer.zero_grad()
            loss = taylor_loss(self.params, self.t)
            loss.backward()
            self.optimizer.step()
        return loss.item()


class Compiled:
    """Loss, gradient and Adam traced to one graph and compiled by Inductor.

    The trace is taken by make_fx because torch.compile alone does not differentiate twice.
    """

    def __init__(self, work, dtype, loss):
        from torch.fx.experimental.proxy_tensor import make_fx

        self.first = first_weights(work, dtype)
        if loss is classifier_loss:
            x, label = W.batch()
            data = (torch.tensor(x, dtype=dtype), torch.tensor(label))
        else:
            data = (torch.tensor(W.times(), dtype=dtype),)
        self.data = data

        def step(params, m, v, k, *data):
            leaves = [p.detach().requires_grad_() for p in params]
            value = loss(leaves, *data)
            grads = torch.autograd.grad(value, leaves)
            k = k + 1
            m = [W.BETA1 * a + (1 - W.BETA1) * g for a, g in zip(m, grads)]
            v = [W.BETA2 * a + (1 - W.BETA2) * g * g for a, g in zip(v, grads)]
            # 1 - βᵏ by expm1: in float32 the difference would lose half its digits at small k.
            rate, root = -W.RATE / torch.expm1(k * math.log(W.BETA1)), torch.sqrt(-torch.expm1(k * math.log(W.BETA2)))
            params = [p - rate * a / (b.sqrt() / root + W.EPSILON) for p, a, b in zip(params, m, v)]
            return value.detach(), [p.detach() for p in params], m, v, k

        self.reset()
        self.step = torch.compile(make_fx(step)(*self.state, *data))

    def reset(self):
        m, v = ([torch.zeros_like(w) for w in self.first] for _ in range(2))  # make_fx tells tensors apart by identity
        self.state = (self.first, m, v, torch.zeros((), dtype=self.first[0].dtype))

    def run(self, k):
        with torch.no_grad():
            for _ in range(k):
                loss, *self.state = self.step(*self.state, *self.data)
        return loss.item()


class Hand:
    """Taylor mode with the backward pass written by hand: no autograd, all outputs preallocated, one flat Adam.

    With g, g', g" the gradients of the streams h, h', h" of one layer:
        ∂z" = s g",  ∂z' = s g' - 4 h z' ∂z",  ∂z = s g - 2 h (h' g' + h" g") - 2 z' h' ∂z".
    """

    def __init__(self, work, dtype):
        self.n = n = len(W.times())
        self.t = torch.tensor(W.times(), dtype=dtype)
        self.first = torch.cat([w.reshape(-1) for w in first_weights(work, dtype)])
        self.flat, self.grad = self.first.clone(), torch.empty_like(self.first)
        self.params, self.grads = self.views(self.flat, work.widths), self.views(self.grad, work.widths)
        hidden = work.widths[1:-1]

        def buffers(planes):
            return [torch.empty(planes, n, w, dtype=dtype) for w in hidden]

        self.h, self.z, self.gh, self.gz = buffers(3), buffers(3), buffers(3), buffers(3)
        self.s, self.q, self.u = buffers(1), buffers(1), buffers(1)
        self.y, self.gy = torch.empty(3, n, 1, dtype=dtype), torch.zeros(3, n, 1, dtype=dtype)
        self.one = torch.ones((), dtype=dtype)
        self.reset()

    @staticmethod
    def views(flat, widths):
        layers, at = [], 0
        for m, n in zip(widths, widths[1:]):
            layers.append((flat[at : at + m * n].view(m, n), flat[at + m * n : at + (m + 1) * n]))
            at += (m + 1) * n
        return layers

    def reset(self):
        self.flat.copy_(self.first)
        self.m, self.v, self.scratch = (torch.zeros_like(self.flat) for _ in range(3))
        self.k = 0

    def forward(self):
        for l, (w, b) in enumerate(self.params[:-1]):
            h, z, s, q = self.h[l], self.z[l], self.s[l][0], self.q[l][0]
            if l == 0:
                torch.addmm(b, self.t, w, out=z[0])
                z1 = w  # dz/dt is the weight row itself, and z" = 0
            else:
                torch.mm(self.h[l - 1].flatten(0, 1), w, out=z.view(-1, z.shape[2]))
                z[0].add_(b)
                z1 = z[1]
            torch.tanh(z[0], out=h[0])
            torch.addcmul(self.one, h[0], h[0], value=-1, out=s)
            torch.mul(s, z1, out=h[1])
            torch.mul(z1, h[1], out=q)
            if l == 0:
                torch.mul(h[0], q, out=h[2]).mul_(-2)
            else:
                torch.mul(s, z[2], out=h[2]).addcmul_(h[0], q, value=-2)
        w, b = self.params[-1]
        torch.mm(self.h[-1].flatten(0, 1), w, out=self.y.view(-1, 1))
        self.y[0].add_(b)

    def loss(self):
        """Stores the gradient of the loss by the three outputs, returns the loss."""
        x, x1 = self.y[0, 0, 0], self.y[1, 0, 0] - 1
        r = self.y[2] + W.G
        torch.mul(r, 2 / self.n, out=self.gy[2])
        self.gy[0, 0, 0], self.gy[1, 0, 0] = 2 * x, 2 * x1
        return (r * r).mean() + x * x + x1 * x1

    def backward(self):
        gz = self.gy
        for l in range(len(self.params) - 1, -1, -1):
            (w, _), (gw, gb) = self.params[l], self.grads[l]
            torch.sum(gz[0], 0, out=gb)
            if l == 0:
                torch.mm(self.t.T, gz[0], out=gw)
                gw.add_(gz[1].sum(0))
                return
            rows = gz.view(-1, gz.shape[2])
            torch.mm(self.h[l - 1].flatten(0, 1).T, rows, out=gw)
            g, gz, h, s, q, u = self.gh[l - 1], self.gz[l - 1], self.h[l - 1], self.s[l - 1][0], self.q[l - 1][0], self.u[l - 1][0]
            torch.mm(rows, w.T, out=g.view(-1, g.shape[2]))
            z1 = self.params[0][0] if l == 1 else self.z[l - 1][1]
            torch.mul(g, s, out=gz)
            torch.mul(h[1], g[1], out=u).addcmul_(h[2], g[2])
            gz[0].addcmul_(h[0], u, value=-2).addcmul_(gz[2], q, value=-2)
            torch.mul(h[0], z1, out=u)
            gz[1].addcmul_(u, gz[2], value=-4)

    def adam(self):
        self.k += 1
        self.m.mul_(W.BETA1).add_(self.grad, alpha=1 - W.BETA1)
        self.v.mul_(W.BETA2).addcmul_(self.grad, self.grad, value=1 - W.BETA2)
        root = (1 - W.BETA2**self.k) ** 0.5
        torch.sqrt(self.v, out=self.scratch).div_(root).add_(W.EPSILON)
        self.flat.addcdiv_(self.m, self.scratch, value=-W.RATE / (1 - W.BETA1**self.k))

    def run(self, k):
        with torch.no_grad():
            for _ in range(k):
                self.forward()
                loss = self.loss()
                self.backward()
                self.adam()
        return loss.item()


class GaussNewton:
    """w ← w - (JᵀJ + 10⁻⁶ I)⁻¹ Jᵀ r with r = u_t + u u_x - ν u_xx; the loss is mean r².

    Derivatives by the inputs by jvp in jvp, rows of J by vmap of reverse mode: one sweep for each row,
    where forward mode would push 1,197 directions through the network.
    """

    def __init__(self, work, dtype, compile=False):
        self.first = torch.cat([w.reshape(-1) for w in first_weights(work, dtype)])
        self.points = torch.tensor(W.burgers_points(), dtype=dtype)
        self.widths = work.widths
        rows = vmap(grad(self.residual, has_aux=True), (None, 0))
        self.rows = torch.compile(rows) if compile else rows
        self.eye = W.DAMPING * torch.eye(len(self.first), dtype=dtype)
        self.reset()

    def network(self, flat, point):
        a = point
        for l, (w, b) in enumerate(Hand.views(flat, self.widths)):
            a = (torch.tanh(a) if l > 0 else a) @ w + b
        return a[0]

    def residual(self, flat, point):
        """Returns the residual twice: once to be differentiated, once to be kept."""
        et, ex = torch.eye(2, dtype=point.dtype)
        u, ut = jvp(lambda p: self.network(flat, p), (point,), (et,))
        ux, uxx = jvp(lambda p: jvp(lambda q: self.network(flat, q), (p,), (ex,))[1], (point,), (ex,))
        r = ut + u * ux - W.NU * uxx
        return r, r

    def reset(self):
        self.flat = self.first.clone()

    def run(self, k):
        for _ in range(k):
            j, r = self.rows(self.flat, self.points)
            factor = torch.linalg.cholesky(j.T @ j + self.eye)
            self.flat = self.flat - torch.cholesky_solve((j.T @ r)[:, None], factor)[:, 0]
        return (r * r).mean().item()
