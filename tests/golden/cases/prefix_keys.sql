# A key of prefixes: the record's key holds the whole columns.
CREATE TABLE t (a TEXT NOT NULL, b INT NOT NULL, PRIMARY KEY (a(2), b));
INSERT INTO t VALUES ('abc', 1), ('abd', 2);
-> {"op": "c", "key": {"a": "abc", "b": 1}, "after": {"a": "abc", "b": 1}}
-> {"op": "c", "key": {"a": "abd", "b": 2}, "after": {"a": "abd", "b": 2}}
UPDATE t SET a = 'abz' WHERE b = 1;
-> {"op": "d", "key": {"a": "abc", "b": 1}, "before": {"a": "abc", "b": 1}}
-> {"op": "c", "key": {"a": "abz", "b": 1}, "after": {"a": "abz", "b": 1}}
DELETE FROM t WHERE b = 2;
-> {"op": "d", "key": {"a": "abd", "b": 2}, "before": {"a": "abd", "b": 2}}
