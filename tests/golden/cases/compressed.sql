# A compressed transaction: its rows share one place in the log, so they are counted through.
CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40));
CREATE TABLE u (id INT PRIMARY KEY);
SET SESSION binlog_transaction_compression = ON;
BEGIN;
INSERT INTO t VALUES (1, 'one'), (2, 'two');
INSERT INTO u VALUES (5);
UPDATE t SET v = CONCAT(v, '!') WHERE id = 2;
DELETE FROM t WHERE id = 1;
COMMIT;
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "v": "one"}}
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "v": "two"}}
-> {"table": "u", "op": "c", "key": {"id": 5}, "after": {"id": 5}}
-> {"op": "u", "key": {"id": 2}, "before": {"id": 2, "v": "two"}, "after": {"id": 2, "v": "two!"}}
-> {"op": "d", "key": {"id": 1}, "before": {"id": 1, "v": "one"}}
CREATE TABLE c SELECT id FROM t;
-> {"table": "c", "op": "c", "after": {"id": 2}}
