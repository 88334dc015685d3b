# What Avro cannot hold travels as text: zero and partial dates.
CREATE TABLE t (id INT PRIMARY KEY, d DATE, t TIME(6), s DATETIME(3) NOT NULL, m DATETIME(6), z TIMESTAMP(2) NULL, y YEAR);
SET SESSION sql_mode = '';
SET SESSION time_zone = '+00:00';
INSERT INTO t VALUES (1, '0001-01-01', '-838:59:58.000001', '1582-10-10 01:02:03.004', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.5', 0);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "d": -719162, "t": -3020398000001, "s": -12219721076996, "m": 253402300799999999, "z": "2038-01-19T03:14:07.50Z", "y": 0}}
INSERT INTO t VALUES (2, '0000-00-00', '00:00:00', '2024-00-10 00:00:00', NULL, '0000-00-00', 2155);
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "d": null, "t": 0, "s": 0, "m": null, "z": null, "y": 2155}, "exact": {"d": "0000-00-00", "s": "2024-00-10 00:00:00.000", "z": "0000-00-00 00:00:00.00"}}
