"""Keras on TensorFlow: a GradientTape loop as in a course notebook, the same in tf.function, and train_on_batch."""

import keras
import tensorflow as tf

from . import work as W


def build(peer, work, dtype, threads):
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.backend.set_floatx({"f32": "float32", "f64": "float64"}[dtype])
    stepper = (Classifier if work.kind == "classifier" else FreeFall)(work, compiled=peer == "keras-function")
    stepper.version = f"{keras.__version__}, TensorFlow {tf.__version__}"
    stepper.blas = "Eigen and oneDNN in TensorFlow"
    return stepper


def adam():
    # Keras adds epsilon before the bias correction, the others after it, and it rounds the betas to float32
    # even in float64: losses differ by 1e-6 to 1e-4 after ten steps.
    return keras.optimizers.Adam(W.RATE, W.BETA1, W.BETA2, epsilon=W.EPSILON)


def dense(widths, activation):
    layers = [keras.layers.Dense(n, activation=activation) for n in widths[1:-1]]
    return keras.Sequential([keras.Input((widths[0],)), *layers, keras.layers.Dense(widths[-1])])


class FreeFall:
    def __init__(self, work, compiled):
        self.first = [p for layer in W.weights(work.widths) for p in layer]
        self.model = dense(work.widths, "tanh")
        self.t = tf.constant(W.times(), keras.backend.floatx())
        self.compiled = compiled
        self.optimizer = adam()
        self.optimizer.build(self.model.trainable_variables)
        self.blank = [v.numpy() for v in self.optimizer.variables]
        self.step = tf.function(self.plain_step) if compiled else self.plain_step
        self.reset()

    def reset(self):
        self.model.set_weights(self.first)
        for variable, value in zip(self.optimizer.variables, self.blank):
            variable.assign(value)

    def plain_step(self):
        with tf.GradientTape() as tape:
            with tf.GradientTape() as tape2:
                tape2.watch(self.t)
                with tf.GradientTape() as tape1:
                    tape1.watch(self.t)
                    x = self.model(self.t)
                x1 = tape1.gradient(x, self.t)
            x2 = tape2.gradient(x1, self.t)
            loss = tf.reduce_mean((x2 + W.G) ** 2) + x[0, 0] ** 2 + (x1[0, 0] - 1) ** 2
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
        return loss

    def run(self, k):
        for _ in range(k):
            loss = self.step()
        return float(loss)


class Classifier:
    def __init__(self, work, compiled):
        self.first = [p for layer in W.weights(work.widths) for p in layer]
        self.model = dense(work.widths, "relu")
        x, label = W.batch()
        self.x, self.label = x.astype(keras.backend.floatx()), label
        self.optimizer = adam()
        self.model.compile(self.optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        self.optimizer.build(self.model.trainable_variables)
        self.blank = [v.numpy() for v in self.optimizer.variables]
        self.reset()

    def reset(self):
        self.model.set_weights(self.first)
        for variable, value in zip(self.optimizer.variables, self.blank):
            variable.assign(value)

    def run(self, k):
        for _ in range(k):
            # Without the reset Keras returns the mean over all batches so far.
            self.model.reset_metrics()
            loss = self.model.train_on_batch(self.x, self.label)
        return float(loss)
