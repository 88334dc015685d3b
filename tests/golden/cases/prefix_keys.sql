# A primary key on prefixes does not tell rows apart for certain: the table travels as one without a key.
CREATE TABLE t (a TEXT NOT NULL, b INT NOT NULL, PRIMARY KEY (a(2), b));
INSERT INTO t VALUES ('abc', 1), ('abd', 2);
-> {"op": "c", "after": {"a": "abc", "b": 1}}
-> {"op": "c", "after": {"a": "abd", "b": 2}}
UPDATE t SET a = 'abz' WHERE b = 1;
-> {"op": "u", "before": {"a": "abc", "b": 1}, "after": {"a": "abz", "b": 1}}
DELETE FROM t WHERE b = 2;
-> {"op": "d", "before": {"a": "abd", "b": 2}}
