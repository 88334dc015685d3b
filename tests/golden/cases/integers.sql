# Integers of every width at both ends; TINYINT(1) is a truth value, whatever else it holds.
CREATE TABLE t (id SMALLINT PRIMARY KEY, ti TINYINT, tu TINYINT UNSIGNED, s SMALLINT, m MEDIUMINT, mu MEDIUMINT UNSIGNED, b BIGINT, bu BIGINT UNSIGNED, o BOOLEAN, z INT(5) UNSIGNED ZEROFILL, y YEAR);
INSERT INTO t VALUES (-32768, -128, 255, 32767, -8388608, 16777215, -9223372036854775808, 9223372036854775807, 1, 42, 1901);
-> {"op": "c", "key": {"id": -32768}, "after": {"id": -32768, "ti": -128, "tu": 255, "s": 32767, "m": -8388608, "mu": 16777215, "b": -9223372036854775808, "bu": 9223372036854775807, "o": true, "z": 42, "y": 1901}}
INSERT INTO t VALUES (32767, 127, 0, -32768, 8388607, 0, 9223372036854775807, 9223372036854775808, -5, 4294967295, 0);
-> {"op": "c", "key": {"id": 32767}, "after": {"id": 32767, "ti": 127, "tu": 0, "s": -32768, "m": 8388607, "mu": 0, "b": 9223372036854775807, "bu": -9223372036854775808, "o": true, "z": 4294967295, "y": 0}, "exact": {"bu": "9223372036854775808", "o": "-5"}}
INSERT INTO t (id) VALUES (0);
-> {"op": "c", "key": {"id": 0}, "after": {"id": 0, "ti": null, "tu": null, "s": null, "m": null, "mu": null, "b": null, "bu": null, "o": null, "z": null, "y": null}}
