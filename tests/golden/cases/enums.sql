# ENUM and SET are their labels; where these do not tell (no label, an empty one, one that stands twice), the number is beside.
SET SESSION sql_mode = '';
CREATE TABLE t (e ENUM('a','b,c','','it''s','ä') NOT NULL, s SET('x','','z') NOT NULL, d ENUM('p','q','p'), PRIMARY KEY (e, s));
INSERT INTO t VALUES (1, 1, 1), (2, 2, 3), (3, 0, NULL), (4, 5, 2), (5, 7, 1), (0, 3, 0);
-> {"op": "c", "key": {"e": "a", "s": "x"}, "after": {"e": "a", "s": "x", "d": "p"}}
-> {"op": "c", "key": {"e": "b,c", "s": "\u00002"}, "after": {"e": "b,c", "s": "", "d": "p"}, "exact": {"s": "2", "d": "3"}}
-> {"op": "c", "key": {"e": "", "s": ""}, "after": {"e": "", "s": "", "d": null}}
-> {"op": "c", "key": {"e": "it's", "s": "x,z"}, "after": {"e": "it's", "s": "x,z", "d": "q"}}
-> {"op": "c", "key": {"e": "ä", "s": "x,,z"}, "after": {"e": "ä", "s": "x,,z", "d": "p"}}
-> {"op": "c", "key": {"e": "\u00000", "s": "x,"}, "after": {"e": "", "s": "x,", "d": ""}, "exact": {"e": "0", "d": "0"}}
UPDATE t SET s = 4 WHERE e = 0;
-> {"op": "d", "key": {"e": "\u00000", "s": "x,"}, "before": {"e": "", "s": "x,", "d": ""}, "exact": {"e": "0", "d": "0"}}
-> {"op": "c", "key": {"e": "\u00000", "s": "z"}, "after": {"e": "", "s": "z", "d": ""}, "exact": {"e": "0", "d": "0"}}
DELETE FROM t WHERE e = 3;
-> {"op": "d", "key": {"e": "", "s": ""}, "before": {"e": "", "s": "", "d": null}}
