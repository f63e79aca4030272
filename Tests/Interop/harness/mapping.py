"""The identity table of the mapping between the two faces, written out a second time so that the server is checked by it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class SequenceNumber:
    """AWS's sequence number layout, version 2: 186 bits, printed in decimal.

    2:2 | create seconds:36 | low nibble of ordinal:4 | offset:64 | 0:8 | create seconds:36 | ordinal:32 | 2:4
    """

    ordinal: int
    offset: int
    create_seconds: int

    @classmethod
    def decode(cls, text):
        if not text.isdigit() or (len(text) > 1 and text[0] == "0"):
            raise ValueError(f"not a decimal sequence number: {text!r}")
        value = int(text)
        number = cls(ordinal=value >> 4 & 0xFFFF_FFFF, offset=value >> 80 & (1 << 64) - 1,
                     create_seconds=value >> 36 & (1 << 36) - 1)
        if number.encode() != text:
            raise ValueError(f"not a version 2 sequence number: {text}")
        return number

    def encode(self):
        return str(2 << 184 | self.create_seconds << 148 | (self.ordinal & 0xF) << 144 | self.offset << 80
                   | self.create_seconds << 36 | self.ordinal << 4 | 2)


def shard_id(ordinal):
    return f"shardId-{ordinal:012d}"


def shard_ordinal(shard):
    prefix, digits = shard.split("-")
    if prefix != "shardId" or len(digits) != 12:
        raise ValueError(f"not a shard id: {shard!r}")
    return int(digits)


HASH_KEY_MAX = 2**128 - 1


def tiles_hash_space(shards):
    """Whether the open shards' hash ranges cover 0 ... 2^128-1 with no gap and no overlap."""
    ranges = sorted((int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"])) for s in shards
                    if "EndingSequenceNumber" not in s["SequenceNumberRange"])
    expected = 0
    for first, last in ranges:
        if first != expected or last < first:
            return False
        expected = last + 1
    return expected == HASH_KEY_MAX + 1
