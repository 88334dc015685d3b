# Geometries as stored: WKB and SRID, the axes as they lie in it; a POINT also has x and y.
CREATE TABLE t (id INT PRIMARY KEY, g GEOMETRY, p POINT SRID 4326);
INSERT INTO t VALUES (1, ST_GeomFromText('LINESTRING(0 0,1 2)'), ST_GeomFromText('POINT(1 2)', 4326)), (2, ST_GeomFromText('GEOMETRYCOLLECTION EMPTY'), NULL), (3, ST_GeomFromText('POINT(-0.0 8)', 4326, 'axis-order=long-lat'), NULL);
-> {"op": "c", "key": {"id": 1}, "after": {"id": 1, "g": {"wkb": "0x01020000000200000000000000000000000000000000000000000000000000f03f0000000000000040", "srid": null}, "p": {"x": 2.0, "y": 1.0, "wkb": "0x01010000000000000000000040000000000000f03f", "srid": 4326}}}
-> {"op": "c", "key": {"id": 2}, "after": {"id": 2, "g": {"wkb": "0x010700000000000000", "srid": null}, "p": null}}
-> {"op": "c", "key": {"id": 3}, "after": {"id": 3, "g": {"wkb": "0x010100000000000000000000800000000000002040", "srid": 4326}, "p": null}}
