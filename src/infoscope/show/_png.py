"""Pixels as a PNG inside a data URI, written with the standard library: a page holds a few dozen small pictures."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

_LEAST = 48  # pixels a side: a smaller image is repeated, because what draws it would blur it


def data_uri(pixels: np.ndarray) -> str:
    """``pixels [channels, height, width]``, unsigned bytes, 1 channel (grey) or 3 (red, green, blue)."""
    repeats = -(-_LEAST // max(pixels.shape[1:]))
    rows = pixels.transpose(1, 2, 0).repeat(repeats, 0).repeat(repeats, 1)
    height, width, channels = rows.shape
    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    body = _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
