# What triggers and foreign keys change by themselves is in the log too.
CREATE TABLE t (id INT PRIMARY KEY, v INT);
CREATE TABLE child (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id) ON DELETE CASCADE ON UPDATE SET NULL);
CREATE TABLE audit (line INT PRIMARY KEY AUTO_INCREMENT, v INT);
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.v = NEW.v * 2; INSERT INTO audit (v) VALUES (NEW.v); END;
INSERT INTO t VALUES (1, 1), (2, 2);
-> {"table": "audit", "op": "c", "key": {"line": 1}, "after": {"line": 1, "v": 2}}
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "v": 2}}
-> {"table": "audit", "op": "c", "key": {"line": 2}, "after": {"line": 2, "v": 4}}
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "v": 4}}
INSERT INTO child VALUES (10, 1), (20, 2);
-> {"table": "child", "op": "c", "key": {"id": 10}, "after": {"id": 10, "t": 1}}
-> {"table": "child", "op": "c", "key": {"id": 20}, "after": {"id": 20, "t": 2}}
UPDATE t SET id = 3 WHERE id = 1;
-> {"table": "child", "op": "u", "key": {"id": 10}, "before": {"id": 10, "t": 1}, "after": {"id": 10, "t": null}}
-> {"op": "d", "key": {"id": 1}, "before": {"id": 1, "v": 2}}
-> {"op": "c", "key": {"id": 3}, "after": {"id": 3, "v": 2}}
DELETE FROM t WHERE id = 2;
-> {"table": "child", "op": "d", "key": {"id": 20}, "before": {"id": 20, "t": 2}}
-> {"op": "d", "key": {"id": 2}, "before": {"id": 2, "v": 4}}
