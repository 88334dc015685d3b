# JSON is the server's own text.
CREATE TABLE t (id INT PRIMARY KEY, j JSON);
INSERT INTO t VALUES (1, '{"b": [1, 2.50, 1e20, -0.0], "a": null, "long key": "q\\"\\u00e9\\n", "big": 18446744073709551615}');
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "j": "{\"a\": null, \"b\": [1, 2.5, 1e20, -0.0], \"big\": 18446744073709551615, \"long key\": \"q\\\"é\\n\"}"}}
INSERT INTO t VALUES (2, 'null'), (3, NULL), (4, '[]');
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "j": "null"}}
-> {"op": "c", "key": {"id": 3}, "after": {"id": 3, "j": null}}
-> {"op": "c", "key": {"id": 4}, "after": {"id": 4, "j": "[]"}}
