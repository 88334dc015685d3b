"""Asks a MySQL server for its character sets, and prints how they differ from Python's codecs.

    python -m deploy.charsets --port 3306 --user root > schemas/charsets.txt     (the password: MYSQL_PWD)

One line per set: its name, Python's codec, and the differences, each `bytes:character` in hexadecimal;
`first-last:character` is a run in which bytes and characters both count up by one. Before `!` stands a character that
the server reads but writes as other bytes (or MySQL 5.6 does, where it stores a text in a column). Without a character
it reads none at all.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from runtime.mysql import Connection, Endpoint, connect

_BATCH = 500
_BYTES = range(256)
_HIGH = range(0x80, 256)

#: the codec that is nearest
CODECS = {
    "armscii8": "latin-1", "ascii": "ascii", "big5": "cp950", "cp1250": "cp1250", "cp1251": "cp1251",
    "cp1256": "cp1256", "cp1257": "cp1257", "cp850": "cp850", "cp852": "cp852", "cp866": "cp866", "cp932": "cp932",
    "dec8": "latin-1",
    "eucjpms": "euc_jp", "euckr": "cp949", "gb18030": "gb18030", "gb2312": "gb2312", "gbk": "gbk", "geostd8": "cp1252",
    "greek": "iso8859-7", "hebrew": "iso8859-8", "hp8": "hp-roman8", "keybcs2": "cp852", "koi8r": "koi8-r",
    "koi8u": "koi8-u", "latin1": "cp1252", "latin2": "iso8859-2", "latin5": "iso8859-9", "latin7": "iso8859-13",
    "macce": "mac_latin2", "macroman": "mac_roman", "sjis": "shift_jis", "swe7": "ascii", "tis620": "tis-620",
    "ujis": "euc_jp",
}  # fmt: skip
#: what MySQL 5.6 stores as other bytes of the same character, which servers of today do not
_OLD = {"armscii8": frozenset((b"'", b"(", b")", b",", b"-", b"."))}


@dataclass(frozen=True, slots=True)
class Told:
    """What a server makes of bytes: None where they are no character; `certain`: it leads back to them."""

    code: bytes
    character: str | None
    certain: bool


def codes(charset: str) -> Iterator[bytes]:
    """Every byte sequence that may be one character."""
    yield from (bytes((byte,)) for byte in _BYTES)
    if charset in ("big5", "cp932", "eucjpms", "euckr", "gb18030", "gb2312", "gbk", "sjis", "ujis"):
        yield from (bytes(pair) for pair in product(_HIGH, _BYTES))
    if charset in ("eucjpms", "ujis"):
        yield from (bytes((0x8F, *pair)) for pair in product(_HIGH, _HIGH))
    if charset == "gb18030":
        digits = range(0x30, 0x3A)
        yield from (bytes(four) for four in product(range(0x81, 0xFF), digits, range(0x81, 0xFF), digits))


def tell(connection: Connection, charset: str, listed: Iterable[bytes]) -> Iterator[Told]:
    """What the server makes of each of some byte sequences."""
    batch: list[bytes] = []
    for code in listed:
        batch.append(code)
        if len(batch) == _BATCH:
            yield from _tell(connection, charset, batch)
            batch = []
    if batch:
        yield from _tell(connection, charset, batch)


def _tell(connection: Connection, charset: str, batch: list[bytes]) -> Iterator[Told]:
    # the bytes of a column, as they are stored; a hexadecimal literal is refused where its bytes are not well formed
    texts = [f"CONVERT(CONVERT(X'{code.hex()}' USING {charset}) USING utf8mb4)" for code in batch]
    columns = ", ".join(f"HEX({text}), HEX(CONVERT({text} USING {charset}))" for text in texts)
    row = connection.query(f"SELECT {columns}")[0]
    for code, text, back in zip(batch, row[::2], row[1::2], strict=True):
        found = None if text is None else bytes.fromhex(text).decode()
        if found is not None and (len(found) != 1 or (found == "?" and code != b"?" and bytes.fromhex(back) != code)):
            found = None  # several characters, or the sign for one that is not known
        certain = found is not None and bytes.fromhex(back) == code and code not in _OLD.get(charset, ())
        yield Told(code, found, certain)


def differences(charset: str, told: Iterable[Told]) -> Iterator[str]:
    """The differences from the codec, as runs."""
    codec = CODECS[charset]
    run: list[Told] = []
    for each in told:
        if _read(codec, each.code) == each.character and (each.certain or each.character is None):
            continue
        if run and not _follows(run[-1], each):
            yield _printed(run)
            run = []
        run.append(each)
    if run:
        yield _printed(run)


def _read(codec: str, code: bytes) -> str | None:
    try:
        text = code.decode(codec)
    except UnicodeDecodeError:
        return None
    return text if len(text) == 1 else None


def _follows(last: Told, each: Told) -> bool:
    if len(last.code) != len(each.code) or int.from_bytes(each.code) != int.from_bytes(last.code) + 1:
        return False
    if last.character is None or each.character is None:
        return last.character is each.character
    return last.certain == each.certain and ord(each.character) == ord(last.character) + 1


def _printed(run: list[Told]) -> str:
    first, last = run[0], run[-1]
    codes = first.code.hex() if len(run) == 1 else f"{first.code.hex()}-{last.code.hex()}"
    character = "" if first.character is None else f"{ord(first.character):x}"
    return f"{codes}:{character}{'' if first.certain or not character else '!'}"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=3306)
    arguments.add_argument("--user", default="root")
    chosen = arguments.parse_args()
    server = Endpoint("server", chosen.host, chosen.port, chosen.user, os.environ.get("MYSQL_PWD", ""))
    with connect(server) as connection:
        for charset, codec in CODECS.items():
            print(" ".join((charset, codec, *differences(charset, tell(connection, charset, codes(charset))))))
            print(charset, "done", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
