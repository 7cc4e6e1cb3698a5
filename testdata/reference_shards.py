#!/usr/bin/env python3
"""Shards of package rules over a rendezvous set in Python, written from SPEC.md.

usage: reference_shards.py FILE... computes the rows of vectors again and prints them.
"""
import json, sys

from reference import hash_named, place, rank, read


def spread(order, zone, n):
    """The best node of every zone, then the second best, and so on, up to n."""
    taken, rounds = {}, []
    for at, i in enumerate(order):
        rounds.append((taken.get(zone(i), 0), at, i))
        taken[zone(i)] = taken.get(zone(i), 0) + 1
    return [i for *_, i in sorted(rounds)[:n]]


def results(path):
    """Yields the rows of a file. The key of a row is also its tenant."""
    header, nodes, rows = read(path)
    h, n, replicas = hash_named(header["hash"]), int(header["shard"]), int(header["replicas"])
    placed, zone = place(nodes, h), lambda i: nodes[i][0].split("-")[0]
    for text, *_ in rows:
        tenant = json.loads(text).encode()
        shard = spread(rank(placed, h, tenant)[0], zone, n)
        order = [i for i in rank(placed, h, b"user:42")[0] if i in shard]
        yield [text, " ".join(map(str, shard)), " ".join(map(str, spread(order, zone, replicas)))]


if __name__ == "__main__":
    for path in sys.argv[1:]:
        for row in [["#", path], *results(path)]:
            print(*row, sep="\t")
