# TIME counts microseconds and goes beyond a day on both sides.
CREATE TABLE t (k TIME(3) PRIMARY KEY, a TIME, b TIME(6));
INSERT INTO t VALUES ('-00:00:00.001', '838:59:59', '-838:59:58.999999'), ('00:00:00', '-838:59:59', '00:00:00.000001'), ('26:00:00.5', NULL, '-12:34:56.5');
-> {"op": "c", "key": {"k": -1000}, "after": {"k": -1000, "a": 3020399000000, "b": -3020398999999}}
-> {"op": "c", "key": {"k": 0}, "after": {"k": 0, "a": -3020399000000, "b": 1}}
-> {"op": "c", "key": {"k": 93600500000}, "after": {"k": 93600500000, "a": null, "b": -45296500000}}
