# Rows before and after a schema change have the shape of their time.
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1}}
ALTER TABLE t ADD COLUMN a INT DEFAULT 5, ADD COLUMN g INT GENERATED ALWAYS AS (a + 1) VIRTUAL;
INSERT INTO t (id) VALUES (2);
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "a": 5, "g": 6}}
ALTER TABLE t RENAME COLUMN a TO b, DROP COLUMN g;
UPDATE t SET b = 7 WHERE id = 1;
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "b": 5}, "after": {"id": 1, "b": 7}}
RENAME TABLE t TO t2;
DELETE FROM t2 WHERE id = 1;
-> {"table": "t2", "op": "d", "key": {"id": 1}, "before": {"id": 1, "b": 7}}
TRUNCATE TABLE t2;
INSERT INTO t2 VALUES (9, 9);
-> {"table": "t2", "op": "c", "key": {"id": 9}, "after": {"id": 9, "b": 9}}
CREATE TABLE t3 AS SELECT id, b FROM t2;
-> {"table": "t3", "op": "c", "after": {"id": 9, "b": 9}}
