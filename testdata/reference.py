#!/usr/bin/env python3
"""A second implementation of packages rendezvous and ring, written from their
documentation.

It writes the vectors in the directories of those names: python3 reference.py.
Placement never changes, so running it must change nothing; other results need
a new algorithm with a new name.
"""
import bisect
import hashlib
import json
import math
import pathlib

M = (1 << 64) - 1
DEFAULT_KEY = bytes.fromhex("d906b07a881315ce308847a8c4de69c6")
GOLDEN = 0x9E3779B97F4A7C15


def rotl(x, b):
    return (x << b | x >> (64 - b)) & M


def siphash(key, data):
    k0, k1 = (int.from_bytes(key[i : i + 8], "little") for i in (0, 8))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & M
            v[1] = rotl(v[1], 13) ^ v[0]
            v[0] = rotl(v[0], 32)
            v[2] = (v[2] + v[3]) & M
            v[3] = rotl(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & M
            v[3] = rotl(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & M
            v[1] = rotl(v[1], 17) ^ v[2]
            v[2] = rotl(v[2], 32)

    data += bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for i in range(0, len(data), 8):
        word = int.from_bytes(data[i : i + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def finalize(x):
    x ^= x >> 33
    x = x * 0xFF51AFD7ED558CCD & M
    x ^= x >> 33
    x = x * 0xC4CEB9FE1A85EC53 & M
    return x ^ x >> 33


HASHES = {
    "siphash": lambda b: siphash(DEFAULT_KEY, b),
    "siphash 000102030405060708090a0b0c0d0e0f": lambda b: siphash(bytes(range(16)), b),
    "md5": lambda b: int.from_bytes(hashlib.md5(b).digest()[:8], "big"),
    "sha256": lambda b: int.from_bytes(hashlib.sha256(b).digest()[:8], "big"),
}


def scores(nodes, h, key):
    k = finalize(h(key))
    m = finalize((k + GOLDEN) & M) | 1
    for node, _ in nodes:
        seed = finalize(h(node.encode())) ^ siphash(b"proxenos node v1", node.encode())
        yield (seed ^ k) * m & M


def rank(nodes, h, key):
    values = []
    equal = len({w for _, w in nodes if w}) == 1
    for i, ((node, w), raw) in enumerate(zip(nodes, scores(nodes, h, key))):
        if w:
            value = 0 if equal else -w / math.log(((raw >> 12) + 0.5) / 2**52)
            values.append((-value, -raw, node, i))
    return [i for *_, i in sorted(values)]


def slot(h, bits, key):
    return finalize(h(key)) >> (64 - bits)


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
}


def points(nodes, h, per_unit):
    for i, (node, w) in enumerate(nodes):
        b = node.encode()
        assert len(b) < 128, "the length is one byte of a varint"
        for n in range(max(1, math.floor(per_unit * w + 0.5)) if w else 0):
            label = bytes([len(b)]) + b + (n // 20).to_bytes(4, "big")
            yield finalize(h(label) + n % 20 * GOLDEN & M), node, i


def walk(circle, h, key):
    start = bisect.bisect_left(circle, (finalize(h(key)),))
    return list(dict.fromkeys(i for *_, i in circle[start:] + circle[:start]))


def write(name, algorithm, header, columns, rows):
    folder, _, file = name.partition("/")
    lines = [
        "system: proxenos in Go",
        f"algorithm: {algorithm}",
        f"source: reference.py, written from the documentation of package {folder}",
        *header,
        "columns: " + " ".join(columns),
        "",
        *("\t".join(row) for row in rows),
    ]
    pathlib.Path(__file__).with_name(folder).joinpath(file + ".txt").write_text("\n".join(lines) + "\n", "utf-8")


def quote(key):
    return json.dumps(key, ensure_ascii=False)


for name, nodes in NODES.items():
    for method, h in HASHES.items():
        if method != "siphash" and name not in ("ten", "weighted"):
            continue
        label = f"order-{name}-{method.split()[0]}" + ("-secret" if " " in method else "")
        header = [f"scenario: order of nodes, {name}", f"hash: {method}"]
        listed = [f"node: {node} {w}" for node, w in nodes]
        rows = []
        for key in KEYS:
            b = key.encode()
            s = slot(h, 10, b)
            order = rank(nodes, h, b)[:10]
            top = list(scores(nodes, h, b))[order[0]]
            owner = rank(nodes, h, str(s).encode())[0]
            rows.append([quote(key), " ".join(map(str, order)), str(top), str(s), str(owner)])
        columns = ["key", "order", "top_score", "slot", "slot_owner"]
        write("rendezvous/" + label, "rendezvous v1", [*header, "table_bits: 10", *listed], columns, rows)
        circle = sorted(points(nodes, h, 160))
        rows = [[quote(key), " ".join(map(str, walk(circle, h, key.encode())[:10]))] for key in KEYS]
        write("ring/" + label, "hashed ring v1", [*header, "points: 160", *listed], ["key", "order"], rows)
