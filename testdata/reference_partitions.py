#!/usr/bin/env python3
"""Partitions of package slots over a rendezvous set in Python, written from SPEC.md.

usage: reference_partitions.py FILE... computes the rows of vectors again and prints them.
"""
import fractions, json, math, struct, sys

from reference import M, checksum, finalize, hash_named, place, rank, read


def limits(nodes, n, bound):
    """The greatest number of partitions of each node, by index."""
    exact = [fractions.Fraction(repr(w)) for _, w in nodes]
    return [math.ceil(fractions.Fraction(repr(bound)) * n * w / sum(exact)) if bound else n for w in exact]


def assign(nodes, h, n, bound):
    """The index of the owner of every partition."""
    placed, room, owners = place(nodes, h), limits(nodes, n, bound), []
    for partition in range(n):
        owners.append(next(i for i in rank(placed, h, b"%d" % partition)[0] if room[i] > 0))
        room[owners[-1]] -= 1
    return owners


def partitions_checksum(nodes, h, n, bound, owners):
    bits = lambda x: struct.unpack(">Q", struct.pack(">d", x))[0]
    live = sorted((name.encode(), w, i) for i, (name, w) in enumerate(nodes) if w)
    fields, at = [], {i: place for place, (*_, i) in enumerate(live)}
    for name, w, _ in live:
        fields += [name, bits(w)]
    fold = 0
    for owner in owners:
        fold = finalize((fold + at[owner] + 1) & M)
    probes = map(h, (b"", b"proxenos", b"placement is a promise"))
    return checksum(b"partitions v1", n, bits(bound), *probes, *fields, fold)


def results(path):
    """Yields the rows of a file, then its checksum."""
    header, nodes, rows = read(path)
    h, n, bound = hash_named(header["hash"]), int(header["partitions"]), float(header["bound"])
    owners, placed = assign(nodes, h, n, bound), place(nodes, h)
    for text, *_ in rows:
        partition = h(json.loads(text).encode()) % n
        owner = owners[partition]
        order = [owner] + [i for i in rank(placed, h, b"%d" % partition)[0] if i != owner]
        yield [text, partition, " ".join(map(str, order[:10]))]
    yield ["checksum", partitions_checksum(nodes, h, n, bound, owners)]


if __name__ == "__main__":
    for path in sys.argv[1:]:
        for row in [["#", path], *results(path)]:
            print(*row, sep="\t")
