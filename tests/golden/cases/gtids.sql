# Transactions with tagged GTIDs, with GTIDs of another server and out of order, and empty ones.
CREATE TABLE t (id INT PRIMARY KEY, v INT);
SET gtid_next = 'AUTOMATIC:nightly';
INSERT INTO t VALUES (1, 1);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "v": 1}}
SET @other = UUID();
SET gtid_next = CONCAT(@other, ':nightly:900');
BEGIN;
UPDATE t SET v = 2;
INSERT INTO t VALUES (2, 2);
COMMIT;
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "v": 1}, "after": {"id": 1, "v": 2}}
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "v": 2}}
SET gtid_next = CONCAT(@other, ':7');
DELETE FROM t WHERE id = 1;
-> {"op": "d", "key": {"id": 1}, "before": {"id": 1, "v": 2}}
SET gtid_next = CONCAT(@other, ':3');
BEGIN;
COMMIT;
SET gtid_next = CONCAT(@other, ':nightly:1');
ALTER TABLE t ADD COLUMN w INT;
SET gtid_next = 'AUTOMATIC';
INSERT INTO t VALUES (3, 3, 3);
-> {"op": "c", "key": {"id": 3}, "after": {"id": 3, "v": 3, "w": 3}}
