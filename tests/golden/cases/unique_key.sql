# The first NOT NULL unique key stands in for a primary key.
CREATE TABLE t (a INT NOT NULL, b INT, UNIQUE KEY (a));
INSERT INTO t VALUES (7, NULL);
-> {"op": "c", "key": {"a": 7}, "after": {"a": 7, "b": null}}
ALTER TABLE t DROP INDEX a;
INSERT INTO t VALUES (7, 1);
-> {"op": "c", "after": {"a": 7, "b": 1}}
