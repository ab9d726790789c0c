from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pyarrow import DataType, Table

class ReadOptions:
    def __init__(self, use_threads: bool = True) -> None: ...

class ParseOptions:
    def __init__(self, delimiter: str = ",") -> None: ...

class ConvertOptions:
    def __init__(self, *, column_types: Mapping[str, DataType] | None = None, **options: Any) -> None: ...

def read_csv(
    input_file: Path | BinaryIO,
    read_options: ReadOptions | None = None,
    parse_options: ParseOptions | None = None,
    convert_options: ConvertOptions | None = None,
) -> Table: ...
def write_csv(data: Table, output_file: Path | BinaryIO) -> None: ...
