#!/usr/bin/env python3
"""Package ring in Python, written from SPEC.md: its default layout and checksum.

usage: reference_ring.py FILE... computes the rows of vectors again and prints them.
"""
import bisect
import json
import math
import struct
import sys

from reference import GOLDEN, M, checksum, checksum_fields, finalize, hash_named, read, varint


def circle(nodes, h, per_unit):
    points, order = [], sorted(range(len(nodes)), key=lambda i: nodes[i][0].encode())
    for place, i in enumerate(order):
        node, w = nodes[i][0].encode(), nodes[i][1]
        for n in range(max(1, math.floor(per_unit * w + 0.5)) if w else 0):
            label = varint(len(node)) + node + struct.pack(">I", n // 20)
            points.append((finalize((h(label) + n % 20 * GOLDEN) & M), place, i))
    return sorted(points)


def walk(points, h, key, n):
    """The indices of the first n nodes at or after the position of the key."""
    start, order = bisect.bisect_left(points, (finalize(h(key)),)), []
    for *_, i in points[start:] + points[:start]:
        if i not in order:
            order.append(i)
            if len(order) == n:
                break
    return order


def ring_checksum(nodes, h, per_unit):
    fold = 0
    for position, place, _ in circle(nodes, h, per_unit):
        fold = finalize((finalize(fold ^ position) + place + 1) & M)
    return checksum(b"ring v1", b"hashed(%d)" % per_unit, *checksum_fields(nodes, lambda key: finalize(h(key))), fold)


def results(path):
    """Yields the rows of a file, then its checksum."""
    header, nodes, rows = read(path)
    h, per_unit = hash_named(header["hash"]), int(header["points"])
    points = circle(nodes, h, per_unit)
    for text, *_ in rows:
        yield [text, " ".join(map(str, walk(points, h, json.loads(text).encode(), 10)))]
    yield ["checksum", ring_checksum(nodes, h, per_unit)]


if __name__ == "__main__":
    for path in sys.argv[1:]:
        for row in [["#", path], *results(path)]:
            print(*row, sep="\t")
