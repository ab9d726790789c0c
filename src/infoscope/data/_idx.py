"""The idx format of MNIST's files: two zero bytes, a type, the number of axes, their lengths, the values."""

from __future__ import annotations

import struct

import numpy as np

from infoscope.core.errors import DataDamagedError

_UNSIGNED_BYTES = 0x08


def parse(content: bytes, name: str) -> np.ndarray:
    """The array of unsigned bytes in an idx file's decompressed ``content``; ``name`` is the file, for errors.

    Raises
    ------
    DataDamagedError: another magic number, another type, or another length than the header announces.
    """
    magic = content[:4]
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != _UNSIGNED_BYTES or not magic[3]:
        raise DataDamagedError(
            f"{name} begins with the bytes {magic.hex(' ') or 'of an empty file'}, wanted an idx file of unsigned "
            "bytes (00 00 08 …): put the published file in its place"
        )
    axes = magic[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise DataDamagedError(f"{name} ends inside its header: put the published file in its place")
    shape = struct.unpack(f">{axes}I", content[4:start])
    values = np.frombuffer(content, np.uint8, offset=start)
    wanted = int(np.prod(shape, dtype=object))
    if len(values) != wanted:
        raise DataDamagedError(
            f"{name} holds {len(values)} values, its header announces {' x '.join(map(str, shape))} = {wanted}: "
            "put the published file in its place"
        )
    return values.reshape(shape)
