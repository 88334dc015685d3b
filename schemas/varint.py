"""Avro's primitive encodings (https://avro.apache.org/docs/1.12.0/specification/#binary-encoding), as plain bytes."""

_PART = 1 << 14  # two groups of seven bits
_LAST = [bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(_PART)]
_MORE = [bytes((n & 127 | 128, n >> 7 | 128)) for n in range(_PART)]
_LONGEST = 10


def long(value: int) -> bytes:
    """An int or long: zigzag, then groups of seven bits, lowest first."""
    rest = value << 1 if value >= 0 else ~(value << 1)
    if rest < _PART:
        return _LAST[rest]
    head = _MORE[rest & 16383]
    rest >>= 14
    while rest >= _PART:
        head += _MORE[rest & 16383]
        rest >>= 14
    return head + _LAST[rest]


def sized(value: bytes) -> bytes:
    """A bytes or (UTF-8) string value: its length, then itself."""
    return long(len(value)) + value


def text(value: str) -> bytes:
    return sized(value.encode())


def long_at(data: bytes, at: int) -> tuple[int, int]:
    """The int or long at `at`, and where it ends."""
    byte = data[at]
    if byte < 128:
        return byte >> 1 ^ -(byte & 1), at + 1
    value, shift, start = byte & 127, 7, at
    while byte > 127:
        at += 1
        byte = data[at]
        value |= (byte & 127) << shift
        shift += 7
        if at - start >= _LONGEST:
            raise ValueError("a number of over ten bytes")
    return value >> 1 ^ -(value & 1), at + 1


def sized_at(data: bytes, at: int) -> tuple[bytes, int]:
    """The bytes or string at `at`, and where it ends."""
    size, at = long_at(data, at)
    end = at + size
    if size < 0 or end > len(data):
        raise ValueError("a length beyond the end")
    return data[at:end], end
