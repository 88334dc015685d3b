# VECTOR is an array of floats; the charsets of the columns behind it stay their own.
CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(3), a VARCHAR(9) CHARACTER SET latin1, b BINARY(2), c TEXT);
INSERT INTO t VALUES (1, STRING_TO_VECTOR('[0.1,-0,3e38]'), 'ü', X'01', '€'), (2, STRING_TO_VECTOR('[1]'), NULL, NULL, NULL);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "v": [0.10000000149011612, -0.0, 3.0000000054977558e+38], "a": "ü", "b": "0x0100", "c": "€"}}
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "v": [1.0], "a": null, "b": null, "c": null}}
