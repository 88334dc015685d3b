# TIMESTAMP is a moment, whatever the zone of the session; DATETIME is a text on the wall.
CREATE TABLE t (id INT PRIMARY KEY, z TIMESTAMP NULL, y TIMESTAMP(6) NULL, d DATETIME, e DATETIME(6));
SET SESSION time_zone = '+02:00';
INSERT INTO t VALUES (1, '1970-01-01 02:00:01', '2038-01-19 05:14:07.999999', '1970-01-01 00:00:00', '0001-01-01 00:00:00.000001');
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "z": "1970-01-01T00:00:01Z", "y": "2038-01-19T03:14:07.999999Z", "d": 0, "e": -62135596799999999}}
SET SESSION time_zone = '+00:00';
SET SESSION sql_mode = 'ALLOW_INVALID_DATES';
INSERT INTO t VALUES (2, '2024-03-31 01:30:00', '0000-00-00', '2024-02-31 12:00:00', '9999-12-31 23:59:59.999999');
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "z": "2024-03-31T01:30:00Z", "y": null, "d": null, "e": 253402300799999999}, "exact": {"y": "0000-00-00 00:00:00.000000", "d": "2024-02-31 12:00:00"}}
