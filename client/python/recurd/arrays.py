"""numpy arrays to and from the wire's packed floats, by copying memory instead of float by float."""
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from recurd.errors import InvalidInput
from recurd.v1 import recurd_pb2 as pb

Floats = npt.NDArray[np.float32]

_WIRE = np.dtype("<f4")
_LENGTH_DELIMITED = 2
_EXACT_INTEGERS = 1 << 24  # float32 holds all integers up to here


def to_float32(values: npt.ArrayLike) -> Floats:
    """Any array of numbers as float32, where that loses nothing; a list or scalar has no dtype and becomes float32.

    Errors: InvalidInput for values that float32 can't hold, naming the first, and for what are no numbers.
    """
    if not isinstance(values, (np.ndarray, np.generic)):
        try:
            return np.asarray(values, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"inputs are no array of numbers: {error}") from None
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise InvalidInput(f"inputs have dtype {array.dtype}; floats, integers and booleans can be sent")
    with np.errstate(over="ignore"):
        taken = array.astype(np.float32)
    if np.can_cast(array.dtype, np.float32):
        return taken
    lossy = ~_kept(array, taken)
    if lossy.any():
        first = array[lossy].flat[0]
        raise InvalidInput(
            f"inputs of dtype {array.dtype} hold {first!r}, which float32 can't: "
            "send array.astype(np.float32) if rounding them is what you want"
        )
    return taken


def _kept(array: npt.NDArray[Any], taken: Floats) -> npt.NDArray[np.bool_]:
    if array.dtype.kind != "f":
        return np.logical_and(array >= -_EXACT_INTEGERS, array <= _EXACT_INTEGERS)
    kept: npt.NDArray[np.bool_] = (taken.astype(array.dtype) == array) | np.isnan(array)
    return kept


def to_rows(values: npt.ArrayLike, width: int) -> Floats:
    """T rows of `width` floats, [T, width], T >= 1; an array of shape [width] is one row.   Errors: InvalidInput."""
    rows = to_float32(values)
    if rows.shape == (width,):
        rows = rows[np.newaxis]
    if rows.ndim != 2 or rows.shape[0] < 1 or rows.shape[1] != width:
        raise InvalidInput(
            f"inputs have shape {rows.shape}; the model takes (T, {width}) with T of 1 or more, "
            f"or ({width},) for one step"
        )
    return rows


def to_row(values: npt.ArrayLike, width: int) -> Floats:
    """One row, [1, width], from [width] or [1, width].   Errors: InvalidInput."""
    rows = to_float32(values)
    if rows.shape not in ((width,), (1, width)):
        raise InvalidInput(f"a step takes shape ({width},), not {rows.shape}; run() takes many steps, (T, {width})")
    return rows.reshape(1, width)


def to_wire(rows: Floats) -> bytes:
    """A copy of the floats, row-major, little-endian."""
    return rows.astype(_WIRE, copy=False).tobytes()


def put_packed(message: Any, field: int, floats: bytes) -> None:
    """Appends to a `repeated float` field of a message, by its number."""
    message.MergeFromString(_varint(field << 3 | _LENGTH_DELIMITED) + _varint(len(floats)) + floats)


def outputs_of(message: pb.Outputs | pb.InferResponse, width: int) -> Floats:
    """The rows of an answer, [rows, width]; the array is the caller's own. The count must be a multiple of width."""
    count = len(message.outputs)
    alone = type(message)()
    alone.outputs.MergeFrom(message.outputs)
    packed = alone.SerializeToString()
    floats = np.frombuffer(packed, dtype=_WIRE, count=count, offset=len(packed) - count * _WIRE.itemsize)
    return floats.astype(np.float32).reshape(-1, width)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
