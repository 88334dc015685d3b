# Rows of XA transactions come at the commit, as if the commit had made them.
CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20));
CREATE TABLE u (id INT PRIMARY KEY);
SET @other = UUID();
XA START 'a', 'b', 7;
INSERT INTO t VALUES (1, 'first'), (2, 'second');
INSERT INTO u VALUES (1);
UPDATE t SET v = 'new' WHERE id = 1;
XA END 'a', 'b', 7;
XA PREPARE 'a', 'b', 7;
XA START 'gone';
INSERT INTO t VALUES (3, 'never');
XA END 'gone';
XA PREPARE 'gone';
INSERT INTO t VALUES (4, 'between');
-> {"op": "c", "key": {"id": 4}, "after": {"id": 4, "v": "between"}}
XA ROLLBACK 'gone';
XA COMMIT 'a', 'b', 7;
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "v": "first"}}
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "v": "second"}}
-> {"table": "u", "op": "c", "key": {"id": 1}, "after": {"id": 1}}
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "v": "first"}, "after": {"id": 1, "v": "new"}}
XA START 'one';
DELETE FROM t WHERE id = 2;
XA END 'one';
XA COMMIT 'one' ONE PHASE;
-> {"op": "d", "key": {"id": 2}, "before": {"id": 2, "v": "second"}}
SET gtid_next = CONCAT(@other, ':xa:5');
XA START X'00ff', '', 4294967295;
INSERT INTO t VALUES (5, 'tagged');
SAVEPOINT s;
INSERT INTO t VALUES (6, 'taken back');
ROLLBACK TO SAVEPOINT s;
INSERT INTO t VALUES (7, 'kept');
XA END X'00ff', '', 4294967295;
XA PREPARE X'00ff', '', 4294967295;
SET gtid_next = CONCAT(@other, ':3');
XA COMMIT X'00ff', '', 4294967295;
-> {"op": "c", "key": {"id": 5}, "after": {"id": 5, "v": "tagged"}}
-> {"op": "c", "key": {"id": 7}, "after": {"id": 7, "v": "kept"}}
SET gtid_next = 'AUTOMATIC';
XA START 'a', 'b', 7;
UPDATE t SET id = 8 WHERE id = 7;
XA END 'a', 'b', 7;
XA PREPARE 'a', 'b', 7;
ALTER TABLE u ADD COLUMN w INT;
XA COMMIT 'a', 'b', 7;
-> {"op": "d", "key": {"id": 7}, "before": {"id": 7, "v": "kept"}}
-> {"op": "c", "key": {"id": 8}, "after": {"id": 8, "v": "kept"}}
SET SESSION binlog_transaction_compression = ON;
XA START 'packed';
INSERT INTO t VALUES (20, 'packed'), (21, 'packed');
DELETE FROM t WHERE id = 8;
XA END 'packed';
XA PREPARE 'packed';
XA COMMIT 'packed';
-> {"op": "c", "key": {"id": 20}, "after": {"id": 20, "v": "packed"}}
-> {"op": "c", "key": {"id": 21}, "after": {"id": 21, "v": "packed"}}
-> {"op": "d", "key": {"id": 8}, "before": {"id": 8, "v": "kept"}}
