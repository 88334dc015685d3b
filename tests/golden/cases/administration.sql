# Statements that are not about selected tables never stop capture, and are no records of it.
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1}}
CREATE USER golden_reader IDENTIFIED BY 'Secret-1';
SET PASSWORD FOR golden_reader = 'Secret-2';
ALTER USER golden_reader ACCOUNT LOCK PASSWORD EXPIRE;
CREATE ROLE golden_role;
GRANT SELECT ON *.* TO golden_role;
GRANT golden_role TO golden_reader;
SET DEFAULT ROLE golden_role TO golden_reader;
REVOKE SELECT ON *.* FROM golden_role;
RENAME USER golden_reader TO golden_writer;
DROP ROLE golden_role;
DROP USER golden_writer;
FLUSH TABLES;
FLUSH PRIVILEGES;
FLUSH TABLES t WITH READ LOCK;
UNLOCK TABLES;
LOCK TABLES t WRITE;
INSERT INTO t VALUES (2);
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2}}
UNLOCK TABLES;
ANALYZE TABLE t;
ANALYZE TABLE t UPDATE HISTOGRAM ON id;
OPTIMIZE TABLE t;
CHECK TABLE t;
REPAIR TABLE t;
CREATE VIEW seen AS SELECT id FROM t;
ALTER VIEW seen AS SELECT id + 1 AS id FROM t;
DROP VIEW seen;
CREATE PROCEDURE fill(IN first INT) BEGIN INSERT INTO t VALUES (first); DELETE FROM t WHERE id = first - 1; END;
CALL fill(3);
-> {"op": "c", "key": {"id": 3}, "after": {"id": 3}}
-> {"op": "d", "key": {"id": 2}, "before": {"id": 2}}
ALTER PROCEDURE fill COMMENT 'fills';
DROP PROCEDURE fill;
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN 2 * n;
INSERT INTO t VALUES (twice(4));
-> {"op": "c", "key": {"id": 8}, "after": {"id": 8}}
DROP FUNCTION twice;
CREATE TABLE log (id INT PRIMARY KEY);
CREATE TRIGGER noted AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.id);
INSERT INTO t VALUES (9);
-> {"op": "c", "key": {"id": 9}, "after": {"id": 9}}
-> {"table": "log", "op": "c", "key": {"id": 9}, "after": {"id": 9}}
DROP TRIGGER noted;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM t;
ALTER EVENT nightly COMMENT 'cleans';
DROP EVENT nightly;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1');
DROP SERVER elsewhere;
CREATE OR REPLACE SPATIAL REFERENCE SYSTEM 4000100 NAME 'golden' DEFINITION 'GEOGCS["golden",DATUM["World Geodetic System 1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.017453292519943278],AXIS["Lat",NORTH],AXIS["Lon",EAST]]';
DROP SPATIAL REFERENCE SYSTEM 4000100;
CREATE TABLESPACE golden_space ADD DATAFILE 'golden_space.ibd';
DROP TABLESPACE golden_space;
INSTALL COMPONENT 'file://component_query_attributes';
UNINSTALL COMPONENT 'file://component_query_attributes';
CREATE RESOURCE GROUP golden_group TYPE = USER;
DROP RESOURCE GROUP golden_group;
INSERT INTO t VALUES (10);
-> {"op": "c", "key": {"id": 10}, "after": {"id": 10}}
