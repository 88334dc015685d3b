# Generated and invisible columns, defaults that are expressions, and names that need quotes.
CREATE TABLE t (`a b` INT PRIMARY KEY, v INT GENERATED ALWAYS AS (`a b` * 2) VIRTUAL, `s``t` INT GENERATED ALWAYS AS (`a b` + 1) STORED, h INT INVISIBLE DEFAULT 7, x VARCHAR(20) DEFAULT (CONCAT('d', 1 + 1)), `before.x` BIGINT UNSIGNED, `select` INT);
INSERT INTO t (`a b`, `before.x`) VALUES (1, 18446744073709551615);
-> {"op": "c", "key": {"a_b": 1}, "after": {"a_b": 1, "v": 2, "s_t": 2, "h": 7, "x": "d2", "before_x": -1, "select": null}, "exact": {"after.before.x": "18446744073709551615"}}
UPDATE t SET `a b` = 2, h = NULL;
-> {"op": "d", "key": {"a_b": 1}, "before": {"a_b": 1, "v": 2, "s_t": 2, "h": 7, "x": "d2", "before_x": -1, "select": null}, "exact": {"after.before.x": "18446744073709551615"}}
-> {"op": "c", "key": {"a_b": 2}, "after": {"a_b": 2, "v": 4, "s_t": 3, "h": null, "x": "d2", "before_x": -1, "select": null}, "exact": {"after.before.x": "18446744073709551615"}}
UPDATE t SET `before.x` = 0, `select` = 1;
-> {"op": "u", "key": {"a_b": 2}, "before": {"a_b": 2, "v": 4, "s_t": 3, "h": null, "x": "d2", "before_x": -1, "select": null}, "after": {"a_b": 2, "v": 4, "s_t": 3, "h": null, "x": "d2", "before_x": 0, "select": 1}, "exact": {"before.before.x": "18446744073709551615"}}
