# Row events of a partitioned table carry the numbers of partitions before their rows.
CREATE TABLE t (id INT PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 3;
INSERT INTO t VALUES (1, 1), (2, 2);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "v": 1}}
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "v": 2}}
UPDATE t SET id = 4, v = 3 WHERE id = 2;
-> {"op": "d", "key": {"id": 2}, "before": {"id": 2, "v": 2}}
-> {"op": "c", "key": {"id": 4}, "after": {"id": 4, "v": 3}}
DELETE FROM t WHERE id = 1;
-> {"op": "d", "key": {"id": 1}, "before": {"id": 1, "v": 1}}
