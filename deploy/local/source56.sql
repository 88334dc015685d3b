SET sql_log_bin = 0;
GRANT ALL ON *.* TO 'admin'@'%' IDENTIFIED BY '$admin' WITH GRANT OPTION;
GRANT SELECT, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'penstock'@'%' IDENTIFIED BY '$penstock';
GRANT CREATE, SELECT, INSERT, UPDATE ON penstock.* TO 'penstock'@'%';
DELETE FROM mysql.user WHERE user IN ('', 'root');
DELETE FROM mysql.db WHERE user = '';
FLUSH PRIVILEGES;
