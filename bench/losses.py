#!/usr/bin/env python3
"""Writes bench/reference/losses.json: the losses of every peer after 0 … 10 steps from the same weights, float64.

    bench/.venv/bin/python bench/losses.py [--compiled]

--compiled adds the compiled PyTorch peers, which take minutes. It drives bench/peer.py as the benchmark
does, and stops if a peer disagrees with the first of its work.
"""

import datetime
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
STEPS = 10
# Relative. Keras's Adam is slightly another (keras_peer.py). Gauss-Newton solves a
# nearly singular system (damping 1e-6), which magnifies rounding from step to step.
TOLERANCE = {"keras": 1e-3, "gauss-newton": 1e-3, "": 1e-11}


def losses(peer, work):
    commands = "run 1\n" * (STEPS + 1) + "quit\n"
    call = [sys.executable, HERE / "peer.py", peer, work, "--dtype", "f64"]
    out = subprocess.run(call, input=commands, capture_output=True, text=True)
    head, *answers = map(json.loads, out.stdout.splitlines())
    if "error" in head or len(answers) != STEPS + 1:
        raise SystemExit(f"{peer} {work}: {out.stdout}{out.stderr[-2000:]}")
    return head["version"], [a["loss"] for a in answers]


def main():
    works = json.loads(subprocess.check_output([sys.executable, HERE / "peer.py", "--list"]))
    versions, table = {}, {}
    for work, peers in works.items():
        table[work] = {}
        for peer in peers:
            if "compile" in peer and "--compiled" not in sys.argv:
                continue
            versions[peer], table[work][peer] = losses(peer, work)
            first = next(iter(table[work].values()))
            worst = max(abs(a - b) / abs(b) for a, b in zip(table[work][peer], first))
            print(f"{work:13} {peer:22} {worst:.1e}", flush=True)
            key = next(k for k in TOLERANCE if k in peer or k in work)
            assert worst < TOLERANCE[key], (work, peer)
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
