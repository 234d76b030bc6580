"""safetensors_file: the little of the safetensors format that the peers' scripts read."""
import json
import struct
from pathlib import Path


def tensors_of(path):
    """Yields (name, dtype, shape, bytes) of every tensor in the file."""
    raw = Path(path).read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        yield name, entry["dtype"], entry["shape"], raw[8 + size + begin:8 + size + end]
