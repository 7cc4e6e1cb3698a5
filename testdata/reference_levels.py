#!/usr/bin/env python3
"""Rules of failure domains over a rendezvous set in Python, written from SPEC.md.

usage: reference_levels.py FILE... computes the rows of vectors again and prints them.
"""
import collections, json, pathlib, sys

from reference import hash_named, place, rank, read


def choose(order, domain, levels, n, limits, nearest):
    """The first n nodes that the rule permits, and the number of limits that they break.

    domain(i, level) is the path of a node up to a level; nearest is a level and a number.
    """
    chosen, held = [], collections.Counter()
    home = lambda i: domain(i, nearest[0]) == domain(chosen[0], nearest[0])

    def permits(i, lifted):
        for level in levels[lifted:]:
            if level in limits and held[domain(i, level)] >= limits[level]:
                return False
        if not nearest or not chosen or lifted > len(levels):
            return True
        inside = sum(map(home, chosen))
        return inside < nearest[1] if home(i) else len(chosen) - inside < n - nearest[1]

    for lifted in range(len(levels) + 2):  # the widest limits go first, the nearest domain last
        for i in order:
            if len(chosen) < n and i not in chosen and permits(i, lifted):
                chosen.append(i)
                held.update(domain(i, level) for level in levels)
    broken = sum(held[d] > limits[level] for level in limits for d in {domain(i, level) for i in chosen})
    if nearest:
        inside = sum(map(home, chosen))
        broken += (inside > nearest[1]) + (len(chosen) - inside > n - nearest[1])
    return chosen, broken


def results(path):
    """Yields the rows of a file."""
    header, nodes, rows = read(path)
    h, n, levels = hash_named(header["hash"]), int(header["replicas"]), header["levels"].split()
    head = pathlib.Path(path).read_text("utf-8").split("\n\n")[0].split("\n")
    limits = {level: int(most) for _, level, most in (line.split() for line in head if line.startswith("limit: "))}
    nearest = [(level, int(k)) for _, level, k in (line.split() for line in head if line.startswith("nearest: "))]
    domain = lambda i, level: "/".join(nodes[i][0].split("/")[: levels.index(level) + 1])
    placed = place(nodes, h)
    for text, *_ in rows:
        order = rank(placed, h, json.loads(text).encode())[0]
        chosen, broken = choose(order, domain, levels, n, limits, nearest and nearest[0])
        yield [text, " ".join(map(str, chosen)), broken]


if __name__ == "__main__":
    for path in sys.argv[1:]:
        for row in [["#", path], *results(path)]:
            print(*row, sep="\t")
