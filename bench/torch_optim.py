#!/usr/bin/env python3
"""Writes engine/optim/testdata/torch_optim.json: ten steps of PyTorch's optimisers in float64."""

import datetime
import json
import os
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch

TARGET = Path(__file__).resolve().parent.parent / "engine/optim/testdata/torch_optim.json"
START = [1.5, -0.7, 0.3, 2.0]
CURVATURE = [4.0, 1.0, 0.25, 9.0]
CENTRE = [0.2, 0.4, -1.0, 0.5]
CASES = [
    ("sgd", torch.optim.SGD, {"lr": 0.02}),
    ("sgd-momentum", torch.optim.SGD, {"lr": 0.02, "momentum": 0.9}),
    ("sgd-nesterov", torch.optim.SGD, {"lr": 0.02, "momentum": 0.9, "nesterov": True}),
    ("sgd-decay", torch.optim.SGD, {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1}),
    ("rmsprop", torch.optim.RMSprop, {"lr": 0.02, "alpha": 0.99, "eps": 1e-8}),
    ("rmsprop-momentum-centered", torch.optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "eps": 1e-8, "momentum": 0.8, "centered": True}),
    ("adam", torch.optim.Adam, {"lr": 0.05, "betas": [0.9, 0.999], "eps": 1e-8}),
    ("adam-other-betas", torch.optim.Adam, {"lr": 0.05, "betas": [0.8, 0.99], "eps": 1e-3}),
    ("adamw", torch.optim.AdamW, {"lr": 0.05, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.1}),
]


def loss(x):
    a, c = torch.tensor(CURVATURE, dtype=x.dtype), torch.tensor(CENTRE, dtype=x.dtype)
    return (a * (x - c) ** 2 / 2 + x**4 / 4).sum()


def path(kind, settings):
    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = kind([x], **settings)
    points, losses = [x.tolist()], [loss(x).item()]
    for _ in range(10):
        optimizer.zero_grad()
        loss(x).backward()
        optimizer.step()
        points.append(x.tolist())
        losses.append(loss(x).item())
    return points, losses


def main():
    head = {
        "made_by": "bench/torch_optim.py",
        "versions": {"torch": torch.__version__},
        "date": datetime.date.today().isoformat(),
        "precision": "float64, shortest decimal that reads back exactly; dimensionless",
        "function": "f(x) = Σᵢ aᵢ(xᵢ-cᵢ)²/2 + xᵢ⁴/4",
        "a": CURVATURE, "c": CENTRE, "start": START,
        "structure": "cases: settings as PyTorch names them; x[k] and loss[k] after k steps, k = 0 … 10",
    }
    cases = []
    for name, kind, settings in CASES:
        x, losses = path(kind, settings)
        cases.append({"name": name, "optimizer": kind.__name__, "settings": settings, "x": x, "loss": losses})
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    body = ",\n".join(json.dumps(c) for c in cases)
    TARGET.write_text(json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "cases": [\n' + body + "\n]}\n")


if __name__ == "__main__":
    main()
