"""What the storage engine of a table means to those who copy it."""

_TRANSACTIONAL = frozenset(("INNODB", "INNOBASE", "ROCKSDB", "TOKUDB"))
_MEMORY = frozenset(("MEMORY", "HEAP"))
_NO_ROWS = frozenset(("FEDERATED", "MRG_MYISAM", "MERGE", "BLACKHOLE", "NDB", "NDBCLUSTER"))


def reads_consistently(engine: str) -> bool:
    """True when each SELECT of a table is a consistent read: its engine has transactions."""
    return engine.upper() in _TRANSACTIONAL


def holds_rows(engine: str) -> bool:
    """False when the rows are another table's or another server's, or nobody's, or not all changes are in the log."""
    return engine.upper() not in _NO_ROWS


def forgets_rows(engine: str) -> bool:
    """True when the rows are gone with each restart of the server."""
    return engine.upper() in _MEMORY
