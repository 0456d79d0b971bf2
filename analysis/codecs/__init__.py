"""Blocks of diffraction frames as self-describing, checked bytes: `encode`, `decode`.

docs/reference/encoded-chunks.md describes the bytes one by one.
"""

from .chunk import decode, encode, open_chunk
from .dense import DenseCodec
from .header import CHUNK_ROW, CorruptChunk, Form, Header, read_header, split_chunks

__all__ = [
    "CHUNK_ROW",
    "CorruptChunk",
    "DenseCodec",
    "Form",
    "Header",
    "decode",
    "encode",
    "open_chunk",
    "read_header",
    "split_chunks",
]
