# Statements that change rows in other ways than one by one.
CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT, UNIQUE KEY (v));
CREATE TABLE u (id INT PRIMARY KEY, t INT);
INSERT INTO t VALUES (1, 10), (2, 20), (3, 30);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "v": 10}}
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "v": 20}}
-> {"op": "c", "key": {"id": 3}, "after": {"id": 3, "v": 30}}
INSERT INTO u SELECT id * 2, id FROM t WHERE id < 3;
-> {"table": "u", "op": "c", "key": {"id": 2}, "after": {"id": 2, "t": 1}}
-> {"table": "u", "op": "c", "key": {"id": 4}, "after": {"id": 4, "t": 2}}
INSERT INTO t VALUES (2, 21), (4, 40) ON DUPLICATE KEY UPDATE v = v + 1;
-> {"op": "u", "key": {"id": 2}, "before": {"id": 2, "v": 20}, "after": {"id": 2, "v": 21}}
-> {"op": "c", "key": {"id": 4}, "after": {"id": 4, "v": 40}}
REPLACE INTO t VALUES (9, 10);
-> {"op": "d", "key": {"id": 1}, "before": {"id": 1, "v": 10}}
-> {"op": "c", "key": {"id": 9}, "after": {"id": 9, "v": 10}}
REPLACE INTO u VALUES (2, 2);
-> {"table": "u", "op": "u", "key": {"id": 2}, "before": {"id": 2, "t": 1}, "after": {"id": 2, "t": 2}}
UPDATE t JOIN u ON u.t = t.id SET t.v = t.v + 100, u.t = 0;
-> {"table": "u", "op": "u", "key": {"id": 2}, "before": {"id": 2, "t": 2}, "after": {"id": 2, "t": 0}}
-> {"table": "u", "op": "u", "key": {"id": 4}, "before": {"id": 4, "t": 2}, "after": {"id": 4, "t": 0}}
-> {"op": "u", "key": {"id": 2}, "before": {"id": 2, "v": 21}, "after": {"id": 2, "v": 121}}
DELETE t, u FROM t JOIN u ON u.id = t.id * 2;
-> {"table": "u", "op": "d", "key": {"id": 4}, "before": {"id": 4, "t": 0}}
-> {"op": "d", "key": {"id": 2}, "before": {"id": 2, "v": 121}}
INSERT IGNORE INTO t VALUES (3, 99), (5, 50);
-> {"op": "c", "key": {"id": 5}, "after": {"id": 5, "v": 50}}
TRUNCATE TABLE t;
INSERT INTO t (v) VALUES (7);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "v": 7}}
