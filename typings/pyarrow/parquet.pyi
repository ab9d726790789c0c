from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from pyarrow import BufferOutputStream, BufferReader, Schema, Table

class ParquetFile:
    metadata: Any
    schema_arrow: Schema
    def __init__(self, source: Path | BinaryIO) -> None: ...
    def read(self, columns: Sequence[str] | None = None, use_threads: bool = True) -> Table: ...

def read_table(
    source: Path | BinaryIO | BufferReader,
    *,
    columns: Sequence[str] | None = None,
    use_threads: bool = True,
    page_checksum_verification: bool = False,
) -> Table: ...
def write_table(
    table: Table,
    where: Path | BinaryIO | BufferOutputStream,
    *,
    compression: str = "snappy",
    write_page_checksum: bool = False,
) -> None: ...
