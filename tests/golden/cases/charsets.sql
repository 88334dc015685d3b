# Text of every charset is the same text; bytes that do not stand for a text of their own are beside it.
CREATE TABLE t (k VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin PRIMARY KEY, a CHAR(9) CHARACTER SET utf16, b TEXT CHARACTER SET gbk, c VARCHAR(9) CHARACTER SET sjis, d VARCHAR(9) CHARACTER SET cp932, e VARCHAR(9) CHARACTER SET utf32, f VARCHAR(9) CHARACTER SET koi8r, g VARCHAR(9) CHARACTER SET big5);
INSERT INTO t VALUES ('€ü', 'a数😀', '中文', 'アあ', '①', '😀', 'Привет', '中文');
-> {"op": "c", "key": {"k": "€ü"}, "after": {"k": "€ü", "a": "a数😀", "b": "中文", "c": "アあ", "d": "①", "e": "😀", "f": "Привет", "g": "中文"}}
INSERT INTO t VALUES (X'818d', NULL, '', X'5c7e', X'fa5b', '', X'95', X'a145');
-> {"op": "c", "key": {"k": ""}, "after": {"k": "", "a": null, "b": "", "c": "\\~", "d": "∵", "e": "", "f": "∙", "g": "•"}, "exact": {"c": "_sjis 0x5c7e", "d": "_cp932 0xfa5b"}}
