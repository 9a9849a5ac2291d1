#!/usr/bin/env python3
"""One peer doing one work, driven through standard input and output.

    bench/.venv/bin/python bench/peer.py PEER WORK [--threads N] [--dtype f32|f64] [--malloc tuned]
    bench/.venv/bin/python bench/peer.py --list

After building, compiling and warming up it prints one JSON line,
    {"peer", "work", "dtype", "threads", "malloc", "version", "build_seconds", "compile_seconds", "blas", "parameters"}
and stands at the first weights. Then each line on standard input is answered by one JSON line:
    run K    K steps: {"seconds": wall, "cpu": process CPU seconds, "loss": before the K-th update}
    reset    back to the first weights: {"reset": true}
    quit     end
A fault is one line {"error": …} and exit code 2.
"""

import argparse
import json
import os
import sys
import time

# Peer → module and the works it knows.
FALL = ("freefall", "mlp20", "mlp50", "mlp128", "mlp512")
PEERS = {
    "torch-nested": ("torch_peer", FALL),
    "torch-taylor": ("torch_peer", FALL),
    "torch-hand": ("torch_peer", FALL),
    "torch-compile": ("torch_peer", FALL),
    "torch-compile-taylor": ("torch_peer", FALL),
    "torch-func": ("torch_peer", ("gauss-newton",)),
    "torch-func-compile": ("torch_peer", ("gauss-newton",)),
    "torch-adam": ("torch_peer", ("classifier",)),
    "torch-adam-foreach": ("torch_peer", ("classifier",)),
    "torch-adam-fused": ("torch_peer", ("classifier",)),
    "torch-adam-compile": ("torch_peer", ("classifier",)),
    "jax-nested": ("jax_peer", FALL),
    "jax-jet": ("jax_peer", FALL),
    "jax": ("jax_peer", ("gauss-newton", "classifier")),
    "keras-tape": ("keras_peer", FALL),
    "keras-function": ("keras_peer", FALL),
    "keras-train-on-batch": ("keras_peer", ("classifier",)),
}


def limit_threads(n):
    """Sets every library's thread count; works only before the library is imported."""
    for name in ("OMP_NUM", "MKL_NUM", "OPENBLAS_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"):
        os.environ[name + "_THREADS"] = str(n)
    os.environ["NPROC"] = str(n)  # size of XLA's own pool
    eigen = "true" if n > 1 else "false"
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={n}"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
    os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"  # so that compile_seconds is true every time


def tune_malloc():
    """Starts this process again with a malloc that keeps freed memory.

    glibc reads these only at its start. PyTorch's small steps gain up to a third; most users do not know.
    """
    tuned = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TOP_PAD_": str(64 << 20)}
    if any(os.environ.get(k) != v for k, v in tuned.items()):
        os.environ.update(tuned)
        os.execv(sys.executable, [sys.executable] + sys.argv)


def load(peer, work, dtype, threads):
    """Builds a stepper: an object with run(k) → loss, reset(), version and blas. Compiles and warms up."""
    from importlib import import_module

    from peers.work import WORKS

    start = time.perf_counter()
    stepper = import_module("peers." + PEERS[peer][0]).build(peer, WORKS[work], dtype, threads)
    built = time.perf_counter()
    stepper.run(1)
    compiled = time.perf_counter()
    while time.perf_counter() - compiled < 0.5:
        stepper.run(1)
    stepper.reset()
    stepper.import_build_seconds, stepper.compile_seconds = built - start, compiled - built
    return stepper


def serve(stepper, lines, say):
    for line in lines:
        match line.split():
            case ["run", k] if k.isdecimal() and int(k) > 0:
                cpu, wall = time.process_time(), time.perf_counter()
                loss = stepper.run(int(k))
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                say({"seconds": wall, "cpu": cpu, "loss": loss})
            case ["reset"]:
                stepper.reset()
                say({"reset": True})
            case ["quit"]:
                return
            case _:
                raise ValueError(f"{line.strip()!r}: want run K, reset or quit")


def main():
    from peers.work import WORKS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", nargs="?", choices=PEERS)
    parser.add_argument("work", nargs="?", choices=WORKS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["f32", "f64"], default="f32")
    parser.add_argument("--malloc", choices=["default", "tuned"], default="default")
    parser.add_argument("--list", action="store_true", help="print the peers of each work as JSON")
    args = parser.parse_args()
    if args.list:
        print(json.dumps({w: [p for p in PEERS if w in PEERS[p][1]] for w in WORKS}))
        return
    if args.work is None:
        parser.error("want PEER and WORK, or --list")
    if args.work not in PEERS[args.peer][1]:
        parser.error(f"{args.peer} does not do {args.work}; see --list")
    if args.threads < 1:
        parser.error(f"--threads {args.threads}: want 1 or more")
    if args.malloc == "tuned":
        tune_malloc()
    limit_threads(args.threads)

    # Libraries print to standard output at will; the protocol keeps it for itself.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(message):
        print(json.dumps(message), file=out, flush=True)

    try:
        stepper = load(args.peer, args.work, args.dtype, args.threads)
        widths = WORKS[args.work].widths
        say({
            "peer": args.peer, "work": args.work, "dtype": args.dtype, "threads": args.threads, "malloc": args.malloc,
            "version": stepper.version, "compile_seconds": round(stepper.compile_seconds, 3),
            "build_seconds": round(stepper.import_build_seconds, 3), "blas": stepper.blas,
            "parameters": sum((m + 1) * n for m, n in zip(widths, widths[1:])),
        })
        serve(stepper, sys.stdin, say)
    except Exception as fault:
        say({"error": f"{type(fault).__name__}: {fault}".splitlines()[0]})
        sys.exit(2)


if __name__ == "__main__":
    main()
