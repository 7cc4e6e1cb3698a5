#!/usr/bin/env python3
"""Writes the vectors of this project's packages: generate.py [FOLDER].

Placement never changes, so running it must change nothing; other results need
a new algorithm with a new name.
"""
import json
import pathlib
import sys

import reference
import reference_levels
import reference_partitions
import reference_ring
import reference_shards

HASHES = ["siphash", "siphash 000102030405060708090a0b0c0d0e0f", "md5", "sha256"]
KEYS = ["", "a", "secret", "touché", "moist towelette", "github.com", "user:42", "\t\n\0", "k" * 300] + [
    f"key-{i}" for i in range(120)
]
NODES = {
    "one": [("only", 1)],
    "three": [("red", 1), ("green", 1), ("blue", 1)],
    "ten": [(f"192.168.100.{100 + i}:8000", 1) for i in range(10)],
    "forty": [(f"server{i}", 1) for i in range(40)],
    "two-hundred": [(f"node-{i}", 1) for i in range(200)],
    "one-to-two": [("server1", 1), ("server2", 2)],
    "weighted": [("ant", 4), ("bee", 8), ("cat", 0.5), ("dog", 0), ("elk", 1e-6), ("fox", 3.75)],
    "weighted-many": [(f"server{i}", 1 + i % 7 / 4) for i in range(64)],
    "equal-halves": [("red", 0.5), ("drained", 0), ("green", 0.5), ("blue", 0.5)],
    "long-and-tiny": [("z" * 300, 1), ("zone-é", 2.5), ("Zone", 7), ("tiny", 1e-300), ("a", 0.253125)],
}
# Nodes, number of partitions and bound; 0 is none. A share of 30 has a limit of 33 under 1.1.
PARTITIONS = [("ten", 256, 1.1), ("ten", 256, 1), ("ten", 300, 1.1), ("ten", 1000, 0), ("weighted", 100, 1.25), ("weighted-many", 997, 1)]
# Nodes whose zone is the ID up to the first hyphen, and sizes of shards.
ZONED = {"even": [(f"z{i % 3}-n{i}", 1) for i in range(18)], "uneven": [(f"z{i * i % 5}-n{i}", 1 + i % 3) for i in range(13)]}
SHARDS = [("even", 6, 3), ("even", 4, 2), ("uneven", 7, 5), ("uneven", 1, 1)]
# Nodes whose ID is their path of domains and a name; then rules by a name: replicas, limits, and the nearest domain.
LEVELED = {
    "regions": [(f"r{i // 12}/z{i // 4}/k{i // 2}/n{i}", 1) for i in range(36)],
    "lopsided": [(f"r{i % 2}/z{i % 3}/k{i % 4}/n{i}", (1, 0, 2.5)[i % 3 - (i == 4)]) for i in range(11)],
}
LEVELS = [
    ("regions", "zones", 3, {"zone": 1}, None),
    ("regions", "nested", 5, {"region": 3, "zone": 2, "rack": 1}, None),
    ("regions", "nearest", 3, {}, ("region", 2)),
    ("regions", "nearest-zones", 4, {"zone": 1}, ("region", 2)),
    ("lopsided", "degraded", 4, {"region": 1, "rack": 1}, None),
    ("lopsided", "degraded-nearest", 5, {"zone": 1}, ("region", 4)),
]
# Scores whose fractions are at either end, about the square root of one half, and between.
SCORES = [0, 4095, 4096, (1 << 64) - 1, (1 << 64) - 4097, 1 << 63, (1 << 63) - 1, 0xB504F333F9DE6484, 0xB504F00000000000, 0xB504EFFFFFFFFFFF]
SCORES += [reference.finalize(i * reference.GOLDEN & reference.M) for i in range(1, 119)]
# Scores whose logarithm has another last bit where multiplications and additions are fused.
SCORES += [
    0xAD2ABAEFE0887F83, 0x5FBF5A56850362BA, 0xD0ADC96FAB82B72F, 0x9F5D44E1728BB461,
    0xAB5183D0EE48224D, 0xB4DA637A81B95D4B, 0xAC547DD0AA1D47FC, 0xAAADF6262165E073,
    0x6766D33F5F3E2208, 0x2C004DDD9C890DAC, 0xAC963FE14E04B674, 0xA4C21CE410E289A5,
    0x555214A5F073A7D5, 0x543A959D2D4174EF, 0xAB266A8D8DD1EE59, 0xB0A757E9A2550450,
]
DOC = "reference.py, written from the documentation of package "
FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)


def write(name, algorithm, source, header, rows):
    lines = ["system: proxenos in Go", f"algorithm: {algorithm}", f"source: {source}", *header, ""]
    lines += ["\t".join(map(str, row)) for row in rows]
    path = FOLDER / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def vectors(package, name, algorithm, header, columns, results):
    """Writes the rows of the keys, which results computes, and returns the checksums."""
    header = [*header, f"columns: {columns}"]
    path = write(name, algorithm, DOC + package, header, [[json.dumps(key, ensure_ascii=False)] for key in KEYS])
    *rows, (_, *sums) = results(path)
    write(name, algorithm, DOC + package, header, rows)
    return [path.name, *sums]


def shards():
    """Writes the vectors of shards, which have no checksum."""
    for name, n, replicas in SHARDS:
        header = [f"scenario: shards over a rendezvous set, {name}", "hash: siphash", f"shard: {n}", f"replicas: {replicas}"]
        header += [f"node: {node} {w}" for node, w in ZONED[name]] + ["columns: key shard owners"]
        label = f"shards/order-{name}-{n}-siphash"
        path = write(label, "shards v1", DOC + "rules", header, [[json.dumps(key, ensure_ascii=False)] for key in KEYS])
        write(label, "shards v1", DOC + "rules", header, list(reference_shards.results(path)))


def levels():
    """Writes the vectors of rules of failure domains, which have no checksum."""
    for nodes, rule, n, limits, nearest in LEVELS:
        header = [f"scenario: {rule} over a rendezvous set, {nodes}", "hash: siphash", "levels: region zone rack", f"replicas: {n}"]
        header += [f"limit: {level} {most}" for level, most in limits.items()]
        header += [f"nearest: {nearest[0]} {nearest[1]}"] if nearest else []
        header += [f"node: {node} {w}" for node, w in LEVELED[nodes]] + ["columns: key replicas broken"]
        label = f"levels/order-{nodes}-{rule}-siphash"
        path = write(label, "levels v1", DOC + "rules", header, [[json.dumps(key, ensure_ascii=False)] for key in KEYS])
        write(label, "levels v1", DOC + "rules", header, list(reference_levels.results(path)))


def main():
    sets, rings = [], []
    for name, nodes in NODES.items():
        for method in HASHES:
            if method != "siphash" and name not in ("ten", "weighted"):
                continue
            label = f"order-{name}-{method.split()[0]}" + ("-secret" if " " in method else "")
            header = [f"scenario: order of nodes, {name}", f"hash: {method}"]
            listed = [f"node: {node} {w}" for node, w in nodes]
            columns = "key order top_score slot slot_owner"
            bits = [*header, "table_bits: 10", *listed]
            sets.append(vectors("rendezvous", f"rendezvous/{label}", "rendezvous v1", bits, columns, reference.results))
            points = [*header, "points: 160", *listed]
            rings.append(vectors("ring", f"ring/{label}", "hashed ring v1", points, "key order", reference_ring.results))
    shards()
    levels()
    parts = []
    for name, n, bound in PARTITIONS:
        for method in HASHES if (name, n) == ("ten", 300) else HASHES[:1]:
            label = f"order-{name}-{n}-{bound}-{method.split()[0]}" + ("-secret" if " " in method else "")
            header = [f"scenario: partitions over a rendezvous set, {name}", f"hash: {method}", f"partitions: {n}", f"bound: {bound}"]
            header += [f"node: {node} {w}" for node, w in NODES[name]]
            parts.append(vectors("slots", f"partitions/{label}", "partitions v1", header, "key slot order", reference_partitions.results))
    header = ["scenario: checksums of the nodes, partitions, bound and hash of other files", "columns: file partitions"]
    write("partitions/checksums", "partitions v1", "reference_partitions.py, written from SPEC.md", header, parts)
    header = ["scenario: checksums of the nodes and the hash of other files", "columns: file set table"]
    write("rendezvous/checksums", "rendezvous v1", "reference.py, written from SPEC.md", header, sets)
    header = [header[0], "columns: file ring"]
    write("ring/checksums", "hashed ring v1", "reference_ring.py, written from SPEC.md", header, rings)
    logarithms = [[raw, reference.struct.pack(">d", reference.minus_ln(raw)).hex()] for raw in SCORES]
    header = ["scenario: negated logarithms of scores", "columns: raw minus_ln_hex"]
    write("rendezvous/logarithm", "logarithm", "reference.py, written from SPEC.md", header, logarithms)


main()
