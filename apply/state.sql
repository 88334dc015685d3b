CREATE TABLE fences (
    target VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    topic VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `partition` INT NOT NULL,
    next_offset BIGINT NOT NULL COMMENT 'the record to apply next',
    replay_until BIGINT NOT NULL COMMENT 'records before this offset may have been applied before',
    epoch INT NOT NULL COMMENT 'of the last applied record',
    source_us BIGINT NOT NULL COMMENT 'commit time of the last applied record at the source, microseconds',
    topic_id VARCHAR(22) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'of the topic that the offsets count, in Kafka',
    updated TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    PRIMARY KEY (target, topic, `partition`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COMMENT='how far each partition is applied';

CREATE TABLE epochs (
    target VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    applied_epoch INT NOT NULL COMMENT 'every schema change up to this one is applied',
    rebuilding TINYINT NOT NULL COMMENT '1 while the tables of the target are being dropped',
    opened BIGINT NOT NULL COMMENT 'how often a process has opened this target',
    task_id VARCHAR(22) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'of the task: its schema topic, in Kafka',
    server_uuid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'of the server that was written to last',
    updated TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    PRIMARY KEY (target)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COMMENT='schema changes applied to each target';

CREATE TABLE intents (
    target VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    epoch INT NOT NULL COMMENT 'the schema change that is about to run',
    definitions CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'digest of what stood before it',
    refused TINYINT NOT NULL COMMENT '1, 2: refused; 2: its effect can be seen',
    updated TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    PRIMARY KEY (target, epoch)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COMMENT='schema changes that may have run without being noted';

CREATE TABLE applied (
    target VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    epoch INT NOT NULL COMMENT 'a schema change that is applied before one that precedes it',
    PRIMARY KEY (target, epoch)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COMMENT='schema changes that are applied, beyond applied_epoch';

CREATE TABLE tables (
    target VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    topic VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    database_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    ddl_epoch INT NOT NULL COMMENT 'the last schema change of this table',
    barriers TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'where it stands, by partition: JSON',
    PRIMARY KEY (target, topic)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COMMENT='tables that penstock has made';

CREATE TABLE made_databases (
    target VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    database_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (target, database_name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COMMENT='databases that penstock has made';

CREATE TABLE owners (
    database_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    target VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    since TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (database_name, table_name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COMMENT='the one target that writes each table of this server';

CREATE TABLE problems (
    target VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    topic VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `partition` INT NOT NULL,
    `offset` BIGINT NOT NULL COMMENT 'the record that cannot be applied',
    table_name TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    row_key TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    error TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    hint TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    since_us BIGINT NOT NULL,
    PRIMARY KEY (target, topic, `partition`, `offset`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COMMENT='partitions that wait for an operator';
