"""The codec: rows of the log and of SELECTs to keys and values, values to SQL.

Whole buffers go in, lists of bytes or SQL come out. These are the functions that an executor of plans provides.
"""

from schemas.codec_chunk import ChunkRows, chunk_select, encode_chunk, key_literals, last_row, splice
from schemas.codec_literal import Decoded, decode
from schemas.codec_log import Messages, RowsImage, RowsKind, encode_rows
from schemas.envelope import Envelope, envelope
from schemas.partial_rows import whole_rows
from schemas.plan import LiteralPlan, TablePlan, literal_plan, plan

__all__ = [
    "ChunkRows",
    "Decoded",
    "Envelope",
    "LiteralPlan",
    "Messages",
    "RowsImage",
    "RowsKind",
    "TablePlan",
    "chunk_select",
    "decode",
    "encode_chunk",
    "encode_rows",
    "envelope",
    "key_literals",
    "last_row",
    "literal_plan",
    "plan",
    "splice",
    "whole_rows",
]
