"""What `run.py` is made of: the benchmark of GPU sharing on a machine with an NVIDIA GPU. Python and cc only; torch for the work itself."""
