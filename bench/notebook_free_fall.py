#!/usr/bin/env python3
"""The free fall as a course notebook trains it, timed as a whole task.

x'' = -g on [0, 1], x(0) = 0, x'(0) = 1; Keras, 1-32-64-32-1 tanh, soft initial conditions, Adam 1e-3,
5,000 full-batch steps with nested GradientTape, Keras's own first weights.

    bench/.venv/bin/python bench/notebook_free_fall.py [--function] [--threads N] [--seed S] [--steps N]

Prints one JSON line. "seconds" is the training; "total_seconds" includes importing TensorFlow.
"""

import argparse
import json
import time

import peer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--function", action="store_true", help="put the step into tf.function")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=5000)
    args = parser.parse_args()
    begin = time.perf_counter()
    peer.limit_threads(args.threads)

    import keras
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    keras.utils.set_random_seed(args.seed)
    g = 9.8
    model = keras.Sequential([keras.Input((1,))] + [keras.layers.Dense(n, activation="tanh") for n in (32, 64, 32)] + [keras.layers.Dense(1)])
    optimizer = keras.optimizers.Adam(1e-3)
    t = tf.constant(np.arange(1000)[:, None] / 1000, tf.float32)

    def step():
        with tf.GradientTape() as tape:
            with tf.GradientTape() as tape2:
                tape2.watch(t)
                with tf.GradientTape() as tape1:
                    tape1.watch(t)
                    x = model(t)
                v = tape1.gradient(x, t)
            a = tape2.gradient(v, t)
            loss = tf.reduce_mean((a + g) ** 2) + x[0, 0] ** 2 + (v[0, 0] - 1) ** 2
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return loss

    if args.function:
        step = tf.function(step)
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(args.steps):
        loss = step()
    loss = float(loss)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu

    test = np.arange(100)[:, None] / 100
    error = model(test.astype(np.float32)).numpy() - (test - g * test**2 / 2)
    print(json.dumps({
        "peer": "keras-notebook-function" if args.function else "keras-notebook", "seed": args.seed, "steps": args.steps,
        "threads": args.threads, "version": f"{keras.__version__}, TensorFlow {tf.__version__}", "seconds": seconds, "cpu": cpu,
        "total_seconds": time.perf_counter() - begin, "loss": loss, "mse": float(np.mean(error**2)), "max_error": float(np.abs(error).max()),
    }))


if __name__ == "__main__":
    main()
