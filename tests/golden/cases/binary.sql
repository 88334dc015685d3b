# BINARY is padded with zeros, of which the log holds none; every other byte stays.
CREATE TABLE t (k BINARY(3) PRIMARY KEY, v VARBINARY(9), b TINYBLOB, l LONGBLOB);
INSERT INTO t VALUES (X'01', X'00ff00', '', X'275c0a00'), (X'000001', '', X'c328', NULL), ('', '  ', X'00', 'trail  ');
-> {"op": "c", "key": {"k": "0x010000"}, "after": {"k": "0x010000", "v": "0x00ff00", "b": "0x", "l": "0x275c0a00"}}
-> {"op": "c", "key": {"k": "0x000001"}, "after": {"k": "0x000001", "v": "0x", "b": "0xc328", "l": null}}
-> {"op": "c", "key": {"k": "0x000000"}, "after": {"k": "0x000000", "v": "0x2020", "b": "0x00", "l": "0x747261696c2020"}}
