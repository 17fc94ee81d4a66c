"""Arithmetic of an encoder, done faster than the library's own way, to the same results: README.md says how and by how
much. On the CPU linear.py, attention.py and dropout.py, on a GPU fused.py and tiles.py, attention in Triton."""
