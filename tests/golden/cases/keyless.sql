# Without any key: no record key, updates stay updates.
CREATE TABLE t (a INT, b INT);
INSERT INTO t VALUES (1, 1), (1, 1);
-> {"op": "c", "after": {"a": 1, "b": 1}}
-> {"op": "c", "after": {"a": 1, "b": 1}}
UPDATE t SET b = 2 LIMIT 1;
-> {"op": "u", "before": {"a": 1, "b": 1}, "after": {"a": 1, "b": 2}}
DELETE FROM t WHERE b = 1;
-> {"op": "d", "before": {"a": 1, "b": 1}}
