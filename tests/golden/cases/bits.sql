# BIT(1) is a truth value, longer ones are bytes with the lowest first.
CREATE TABLE t (id BIT(3) PRIMARY KEY, a BIT(1), b BIT(8), c BIT(20), d BIT(64));
INSERT INTO t VALUES (b'101', 1, 128, b'10000000000000000001', 18446744073709551615), (0, 0, 0, 1, 9223372036854775808), (1, NULL, NULL, NULL, NULL);
-> {"op": "c", "key": {"id": "0x05"}, "after": {"id": "0x05", "a": true, "b": "0x80", "c": "0x010008", "d": "0xffffffffffffffff"}}
-> {"op": "c", "key": {"id": "0x00"}, "after": {"id": "0x00", "a": false, "b": "0x00", "c": "0x010000", "d": "0x0000000000000080"}}
-> {"op": "c", "key": {"id": "0x01"}, "after": {"id": "0x01", "a": null, "b": null, "c": null, "d": null}}
