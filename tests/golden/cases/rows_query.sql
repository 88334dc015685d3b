# The text of a statement beside its rows says nothing new.
CREATE TABLE t (id INT PRIMARY KEY, v INT);
SET SESSION binlog_rows_query_log_events = ON;
INSERT INTO t VALUES (1, 1);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "v": 1}}
SET SESSION binlog_row_image = NOBLOB;
UPDATE t SET v = 2;
-> {"op": "u", "key": {"id": 1}, "before": {"id": 1, "v": 1}, "after": {"id": 1, "v": 2}}
DELETE FROM t;
-> {"op": "d", "key": {"id": 1}, "before": {"id": 1, "v": 2}}
