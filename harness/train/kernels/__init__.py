"""Arithmetic of an encoder, done faster than the library's own way, to the same results: README.md says how and by how
much. On the CPU onednn_linear.py, cpu_attention.py, dropout.py; on a GPU gpu_attention.py with triton_programs.py."""
