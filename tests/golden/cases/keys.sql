# A key that changes is a delete and a create; one that does not is an update.
CREATE TABLE t (a INT, b VARCHAR(10), v INT, PRIMARY KEY (a, b));
INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2);
-> {"op": "c", "key": {"a": 1, "b": "x"}, "after": {"a": 1, "b": "x", "v": 1}}
-> {"op": "c", "key": {"a": 2, "b": "y"}, "after": {"a": 2, "b": "y", "v": 2}}
UPDATE t SET b = 'X' WHERE a = 1;
-> {"op": "d", "key": {"a": 1, "b": "x"}, "before": {"a": 1, "b": "x", "v": 1}}
-> {"op": "c", "key": {"a": 1, "b": "X"}, "after": {"a": 1, "b": "X", "v": 1}}
UPDATE t SET v = 3 WHERE a = 2;
-> {"op": "u", "key": {"a": 2, "b": "y"}, "before": {"a": 2, "b": "y", "v": 2}, "after": {"a": 2, "b": "y", "v": 3}}
BEGIN;
DELETE FROM t WHERE a = 2;
ROLLBACK;
DELETE FROM t WHERE a = 1;
-> {"op": "d", "key": {"a": 1, "b": "X"}, "before": {"a": 1, "b": "X", "v": 1}}
