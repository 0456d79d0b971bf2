"""Codecs, containers and reductions of diffraction frames, beside their peers; on one thread."""

import os

# Before numpy reads it. On a busy machine bitshuffle with OpenMP is 16 times slower than on one thread.
os.environ.update(
    {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "BLOSC")}
)
