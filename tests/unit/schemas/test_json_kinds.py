"""What a JSON document is beyond its text: listed by a SELECT, told by `exact`, rebuilt by SQL."""

import json

import pytest

from schemas.types import json_kinds
from schemas.types.column import Malformed


@pytest.mark.parametrize(
    ("selected", "text", "exact"),
    [
        (b'={"a": 1.5, "d": "2024-01-02"}', b'{"a": 1.5, "d": "2024-01-02"}', None),
        (
            b"=[1.0e0, 123456789012345678901]",
            b"[1.0e0, 123456789012345678901]",
            None,
        ),  # as listed, whatever it looks like
        (b"m2DECIMAL;=" + b'{"a": 1.5, "d": 1.5}', b'{"a": 1.5, "d": 1.5}', {'$."d"': "DECIMAL 1.5"}),
        (b"r0DATE;=" + b'"2024-01-02"', b'"2024-01-02"', {"$": "DATE 2024-01-02"}),
        (
            b"m3TIME;c1UNSIGNED INTEGER,3BLOB;=" + b'{"a": [1, {"x": "01:00:00.000000"}], "c": ["base64:type15:AA=="]}',
            b'{"a": [1, {"x": "01:00:00.000000"}], "c": ["base64:type15:AA=="]}',
            {
                '$."a"[0]': "UNSIGNED INTEGER 1",
                '$."a"[1]."x"': "TIME 01:00:00.000000",
                '$."c"[0]': "OPAQUE base64:type15:AA==",
            },
        ),
        # from servers that list nothing: what the text betrays
        (b"[1.10, 1.1, 1e3]", b"[1.10, 1.1, 1e3]", {"$[0]": "DECIMAL 1.10", "$[2]": "DECIMAL 1e3"}),
        (b'{"n": 123456789012345678901}', b'{"n": 123456789012345678901}', {'$."n"': "DECIMAL 123456789012345678901"}),
        (b"0.12345678901234568", b"0.12345678901234568", None),
        (b"12345678901234567890", b"12345678901234567890", None),
        (b'"1.10"', b'"1.10"', None),
    ],
)
def test_a_selected_document_and_its_kinds(selected: bytes, text: bytes, exact: dict[str, str] | None) -> None:
    found, kinds = json_kinds.read(selected)

    assert found == text
    assert (json.loads(kinds) if kinds else None) == exact


@pytest.mark.parametrize(
    ("leaf", "expression"),
    [
        ("DECIMAL -1.10", "-1.10"),
        ("DECIMAL -15", "CAST(-15 AS DECIMAL(2))"),
        ("DATE 0000-00-00", "CAST('0000-00-00' AS DATE)"),
        ("TIME -838:59:59.000000", "CAST('-838:59:59.000000' AS TIME(6))"),
        ("DATETIME 2024-01-02 03:04:05.000000", "CAST('2024-01-02 03:04:05.000000' AS DATETIME(6))"),
        ("INTEGER 5000000000", "CAST(5000000000 AS SIGNED)"),
        ("UNSIGNED INTEGER 5", "CAST(5 AS UNSIGNED)"),
        ("OPAQUE base64:type15:AP8=", "X'00ff'"),
        ("OPAQUE base64:type255:AP8=", "'base64:type255:AP8='"),  # of no type that SQL could make: its text alone
    ],
)
def test_the_expression_of_a_value(leaf: str, expression: str) -> None:
    assert (
        json_kinds.rebuilt(json.dumps({'$."it\'s"': leaf}), "doc") == f"JSON_REPLACE(doc,'$.\"it\\'s\"',{expression})"
    )


def test_binary_strings_of_other_types_need_a_server_with_json_table() -> None:
    assert json_kinds.rebuilt('{"$": "OPAQUE base64:type252:AP8="}', "doc") == (
        "JSON_REPLACE(doc,'$','base64:type252:AP8='/*!80004 ,'$',(SELECT CAST(v AS JSON) FROM"
        " JSON_TABLE(CAST(X'00ff' AS JSON),'$' COLUMNS(v BLOB PATH '$' ERROR ON ERROR)) AS t)*/)"
    )


def test_a_kind_that_is_unknown_is_refused() -> None:
    with pytest.raises(Malformed, match="kind COMPLEX"):
        json_kinds.rebuilt('{"$": "COMPLEX 1+i"}', "doc")
