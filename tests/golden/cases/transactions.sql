# What a log holds beside rows of selected tables changes nothing: savepoints, temporary tables, empty transactions.
CREATE TABLE t (id INT PRIMARY KEY, v INT);
BEGIN;
INSERT INTO t VALUES (1, 1);
SAVEPOINT a;
INSERT INTO t VALUES (2, 2);
ROLLBACK TO SAVEPOINT a;
SAVEPOINT b;
UPDATE t SET v = 3 WHERE id = 1;
RELEASE SAVEPOINT b;
COMMIT;
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "v": 1}}
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "v": 1}, "after": {"id": 1, "v": 3}}
BEGIN;
INSERT INTO t VALUES (3, 3);
ROLLBACK;
CREATE TEMPORARY TABLE scratch (id INT PRIMARY KEY);
BEGIN;
INSERT INTO scratch VALUES (7), (8);
INSERT INTO t SELECT id, id FROM scratch WHERE id = 7;
COMMIT;
-> {"op": "c", "key": {"id": 7}, "after": {"id": 7, "v": 7}}
DROP TEMPORARY TABLE scratch;
CREATE TEMPORARY TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (100);
DELETE FROM t;
TRUNCATE TABLE t;
DROP TEMPORARY TABLE t;
DELETE FROM t WHERE id = 7;
-> {"op": "d", "key": {"id": 7}, "before": {"id": 7, "v": 7}}
CREATE TABLE copied LIKE t;
INSERT INTO copied SELECT * FROM t;
-> {"table": "copied", "op": "c", "key": {"id": 1}, "after": {"id": 1, "v": 3}}
CREATE TABLE chosen (PRIMARY KEY (id)) SELECT id, v + 1 AS w FROM t;
-> {"table": "chosen", "op": "c", "key": {"id": 1}, "after": {"id": 1, "w": 4}}
CREATE TABLE IF NOT EXISTS chosen SELECT 5 AS id, 5 AS w;
REPLACE INTO t VALUES (1, 9), (2, 2);
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "v": 3}, "after": {"id": 1, "v": 9}}
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "v": 2}}
INSERT INTO t VALUES (2, 5), (3, 5) ON DUPLICATE KEY UPDATE v = VALUES(v);
-> {"op": "u", "key": {"id": 2}, "before": {"id": 2, "v": 2}, "after": {"id": 2, "v": 5}}
-> {"op": "c", "key": {"id": 3}, "after": {"id": 3, "v": 5}}
