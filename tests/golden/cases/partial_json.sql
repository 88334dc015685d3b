# Partial updates of JSON documents arrive as whole documents.
CREATE TABLE t (id INT PRIMARY KEY, a JSON, n INT, b JSON, g INT AS (a->'$.x') VIRTUAL);
INSERT INTO t (id, a, n, b) VALUES (1, '{"x": 1, "list": [1, 2, {"deep": "text"}], "long": "some text that makes the document long"}', 0, NULL);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "a": "{\"x\": 1, \"list\": [1, 2, {\"deep\": \"text\"}], \"long\": \"some text that makes the document long\"}", "n": 0, "b": null, "g": 1}}
SET SESSION binlog_row_value_options = PARTIAL_JSON;
UPDATE t SET a = JSON_SET(a, '$.x', 12, '$.list[2].deep', 'other', '$.list[9]', NULL, '$."a key"', 1.5);
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "a": "{\"x\": 1, \"list\": [1, 2, {\"deep\": \"text\"}], \"long\": \"some text that makes the document long\"}", "n": 0, "b": null, "g": 1}, "after": {"id": 1, "a": "{\"x\": 12, \"list\": [1, 2, {\"deep\": \"other\"}, null], \"long\": \"some text that makes the document long\", \"a key\": 1.5}", "n": 0, "b": null, "g": 12}, "exact": {"a": "{\"$.\\\"a key\\\"\": \"DECIMAL 1.5\"}"}}
UPDATE t SET a = JSON_REMOVE(a, '$.list[0]', '$."a key"'), n = 1, b = '[]';
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "a": "{\"x\": 12, \"list\": [1, 2, {\"deep\": \"other\"}, null], \"long\": \"some text that makes the document long\", \"a key\": 1.5}", "n": 0, "b": null, "g": 12}, "after": {"id": 1, "a": "{\"x\": 12, \"list\": [2, {\"deep\": \"other\"}, null], \"long\": \"some text that makes the document long\"}", "n": 1, "b": "[]", "g": 12}, "exact": {"before.a": "{\"$.\\\"a key\\\"\": \"DECIMAL 1.5\"}"}}
UPDATE t SET a = JSON_REPLACE(a, '$.list[last]', JSON_OBJECT('k', 'v')), b = JSON_SET(b, '$[0]', 18446744073709551615);
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "a": "{\"x\": 12, \"list\": [2, {\"deep\": \"other\"}, null], \"long\": \"some text that makes the document long\"}", "n": 1, "b": "[]", "g": 12}, "after": {"id": 1, "a": "{\"x\": 12, \"list\": [2, {\"deep\": \"other\"}, {\"k\": \"v\"}], \"long\": \"some text that makes the document long\"}", "n": 1, "b": "[18446744073709551615]", "g": 12}}
UPDATE t SET n = 2;
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "a": "{\"x\": 12, \"list\": [2, {\"deep\": \"other\"}, {\"k\": \"v\"}], \"long\": \"some text that makes the document long\"}", "n": 1, "b": "[18446744073709551615]", "g": 12}, "after": {"id": 1, "a": "{\"x\": 12, \"list\": [2, {\"deep\": \"other\"}, {\"k\": \"v\"}], \"long\": \"some text that makes the document long\"}", "n": 2, "b": "[18446744073709551615]", "g": 12}}
UPDATE t SET a = NULL;
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "a": "{\"x\": 12, \"list\": [2, {\"deep\": \"other\"}, {\"k\": \"v\"}], \"long\": \"some text that makes the document long\"}", "n": 2, "b": "[18446744073709551615]", "g": 12}, "after": {"id": 1, "a": null, "n": 2, "b": "[18446744073709551615]", "g": null}}
