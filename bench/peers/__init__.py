"""The peers' side of the benchmark: the same steps in PyTorch, JAX and Keras."""
