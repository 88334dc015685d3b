# Text in several charsets is the same text; binary keeps every byte.
CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET latin1, b TEXT CHARACTER SET utf8mb4, c BINARY(4), d VARBINARY(9), e ENUM('x','y''z','ä'), f SET('p','q','r'));
INSERT INTO t VALUES (1, 'Zürich €', '数据😀', 'ab', x'00ff', 'ä', 'r,p');
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "a": "Zürich €", "b": "数据😀", "c": "0x61620000", "d": "0x00ff", "e": "ä", "f": "p,r"}}
SET SESSION sql_mode = '';
INSERT INTO t VALUES (2, '', '', '', '', 'nonsense', '');
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "a": "", "b": "", "c": "0x00000000", "d": "0x", "e": "", "f": ""}, "exact": {"e": "0"}}
