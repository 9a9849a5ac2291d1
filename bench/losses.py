#!/usr/bin/env python3
"""Writes bench/reference/losses.json: the losses of every peer after 0 … 10 steps from the same weights, float64.

    bench/.venv/bin/python bench/losses.py [--compiled]

--compiled adds the compiled PyTorch peers, which take minutes. Each library gets one process for all its
peers, without warm-up. Stops if a peer disagrees with the first of its work.
"""

import argparse
import datetime
import json
import subprocess
import sys
from pathlib import Path

import peer

HERE = Path(__file__).resolve().parent
STEPS = 10
# Relative. Keras's Adam is slightly another (keras_peer.py). Gauss-Newton solves a
# nearly singular system (damping 1e-6), which magnifies rounding from step to step.
TOLERANCE = {"keras": 1e-3, "gauss-newton": 1e-3, "": 1e-11}


def library(module, compiled):
    """Runs in its own process: prints one JSON line per peer and work."""
    from importlib import import_module

    from peers.work import WORKS

    peer.limit_threads(1)
    for name, (home, works) in peer.PEERS.items():
        if home != module or ("compile" in name and not compiled):
            continue
        for work in works:
            stepper = import_module("peers." + home).build(name, WORKS[work], "f64", 1)
            losses = [stepper.run(1) for _ in range(STEPS + 1)]
            print(json.dumps({"peer": name, "work": work, "version": stepper.version, "losses": losses}), flush=True)


def collect(compiled):
    versions, table = {}, {}
    for module in ("torch_peer", "jax_peer", "keras_peer"):
        call = [sys.executable, __file__, "--library", module] + ["--compiled"] * compiled
        with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            for line in process.stdout:
                row = json.loads(line)
                name, work = row["peer"], row["work"]
                peers = table.setdefault(work, {})
                peers[name], versions[name] = row["losses"], row["version"]
                worst = max(abs(a - b) / abs(b) for a, b in zip(peers[name], next(iter(peers.values()))))
                print(f"{work:13} {name:22} {worst:.1e}", flush=True)
                key = next(k for k in TOLERANCE if k in name or k in work)
                assert worst < TOLERANCE[key], (work, name)
        assert process.returncode == 0, module
    return versions, table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--library", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.library:
        library(args.library, args.compiled)
        return
    versions, table = collect(args.compiled)
    head = {
        "made_by": "bench/losses.py",
        "versions": versions,
        "date": datetime.date.today().isoformat(),
        "precision": "float64, shortest decimal that reads back exactly; dimensionless. Agreement of the peers: "
                     f"relative {TOLERANCE['']}, Keras {TOLERANCE['keras']} (see keras_peer.py), "
                     f"Gauss-Newton {TOLERANCE['gauss-newton']}",
        "structure": "losses: work → peer → the loss after 0 … 10 steps; works and first weights: bench/peers/work.py",
    }
    rows = []
    for work, peers in table.items():
        lines = ",\n".join(f"  {json.dumps(p)}: {json.dumps(v)}" for p, v in peers.items())
        rows.append(f" {json.dumps(work)}: {{\n{lines}\n }}")
    text = json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "losses": {\n' + ",\n".join(rows) + "\n}}\n"
    json.loads(text)
    (HERE / "reference" / "losses.json").write_text(text)


if __name__ == "__main__":
    main()
