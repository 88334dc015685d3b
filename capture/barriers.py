"""Where a schema change stands in a table's topic."""

from runtime.kafka import KafkaSettings, Topics, read_to_end


def barriers(kafka: KafkaSettings, topic: str, partitions: int) -> tuple[int, ...]:
    """By partition: the offset after the last record, 0 when there is none.

    Counted from records, not from the log's end: after the last record lie transaction markers, which a consumer's
    fence never passes. Nothing may be open or be published meanwhile.
    """
    ends = Topics(kafka).settle([(topic, number) for number in range(partitions)])
    return tuple(_after_last(kafka, topic, number, ends[topic, number]) for number in range(partitions))


def _after_last(kafka: KafkaSettings, topic: str, partition: int, end: int) -> int:
    step = 16
    while True:
        start = max(0, end - step)
        last = -1
        for message in read_to_end(kafka, topic, {partition: start}):
            if message.partition() == partition:
                last = message.offset() or 0
        if last >= 0 or start == 0:
            return last + 1
        step *= 8
