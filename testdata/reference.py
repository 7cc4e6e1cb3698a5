#!/usr/bin/env python3
"""Package rendezvous in Python, written from SPEC.md: order, table and checksums.

usage: reference.py FILE... computes the rows of vectors again and prints them.
"""
import hashlib, json, struct, sys

M, GOLDEN = (1 << 64) - 1, 0x9E3779B97F4A7C15
DEFAULT_KEY = bytes.fromhex("d906b07a881315ce308847a8c4de69c6")

def siphash(key, data):
    def rotl(x, b):
        return (x << b | x >> (64 - b)) & M
    def rounds(n, a, b, c, d):
        for _ in range(n):
            a, c = (a + b) & M, (c + d) & M
            b, d = rotl(b, 13) ^ a, rotl(d, 16) ^ c
            a, c = (rotl(a, 32) + d) & M, (c + b) & M
            b, d = rotl(b, 17) ^ c, rotl(d, 21) ^ a
            c = rotl(c, 32)
        return a, b, c, d
    (k0, k1), padding = struct.unpack("<QQ", key), bytes(7 - len(data) % 8)
    a, b, c, d = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573
    for (word,) in struct.iter_unpack("<Q", data + padding + bytes([len(data) & 255])):
        a, b, c, d = rounds(2, a, b, c, d ^ word)
        a ^= word
    a, b, c, d = rounds(4, a, b, c ^ 255, d)
    return a ^ b ^ c ^ d

def finalize(x):
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & M
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & M
    return x ^ x >> 33

def hash_named(text):
    name, *key = text.split()
    if name == "siphash":
        return lambda data: siphash(bytes.fromhex(key[0]) if key else DEFAULT_KEY, data)
    return lambda data: int.from_bytes(hashlib.new(name, data).digest()[:8], "big")

def log(x):
    """The natural logarithm with the same bits everywhere."""
    bits = struct.unpack("<q", struct.pack("<d", x))[0]
    k = bits - 0x3FE6A09E00000000 >> 52
    f = struct.unpack("<d", struct.pack("<q", bits - (k << 52)))[0] - 1
    s, half = f / (2 + f), 0.5 * (f * f)
    w, odd, even = s * s * (s * s), 2 / 23, 2 / 21
    for n in (19, 15, 11, 7, 3):
        odd = 2 / n + w * odd
    for n in (17, 13, 9, 5):
        even = 2 / n + w * even
    rest = s * (half + (s * s * odd + w * even)) + k * float.fromhex("0x1.a39ef35793c76p-33")
    return k * float.fromhex("0x1.62e42feep-1") - ((half - rest) - f)

def minus_ln(raw):
    return -log(((raw >> 12) + 0.5) / 2**52)

def place(nodes, h):
    """The nodes that are not drained, with their seeds; weights are 0 if all are equal."""
    live = [(name.encode(), w, i) for i, (name, w) in enumerate(nodes) if w]
    equal = len({w for _, w, _ in live}) == 1
    return [(finalize(h(id)) ^ siphash(b"proxenos node v1", id), 0 if equal else w, id, i) for id, w, i in live]

def rank(placed, h, key):
    """The indices of the nodes, best first, and the raw score of the best."""
    k = finalize(h(key))
    m = finalize((k + GOLDEN) & M) | 1
    raws = [(seed ^ k) * m & M for seed, *_ in placed]
    order = sorted((-w * 2.0**300 / minus_ln(raw), -raw, id, i) for raw, (_, w, id, i) in zip(raws, placed))
    return [i for *_, i in order], -order[0][1]

def slot(h, bits, key):
    return finalize(h(key)) >> (64 - bits)

def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)

def checksum(*fields):
    """The checksum of byte strings and of integers of 64 bits."""
    text = b"".join(struct.pack(">Q", f) if isinstance(f, int) else varint(len(f)) + f for f in fields)
    return siphash(b"proxenos sum  v1", text)

def checksum_fields(nodes, position):
    yield from map(position, (b"", b"proxenos", b"placement is a promise"))
    for node, w in sorted((node.encode(), w) for node, w in nodes):
        yield from (node, struct.unpack(">Q", struct.pack(">d", w + 0.0))[0])

def set_checksum(nodes, h):
    return checksum(b"rendezvous v1", *checksum_fields(nodes, h))

def table_checksum(bits, set_sum):
    return checksum(b"rendezvous table v1", bits, set_sum)

def read(path):
    """Returns the header of a file of vectors, its nodes with their weights, and its rows."""
    with open(path, encoding="utf-8", newline="\n") as file:
        head, _, body = file.read().partition("\n\n")
    lines = [line.split(": ", 1) for line in head.split("\n") if line[0] != "#"]
    nodes = [(value.split(" ")[0], float(value.split(" ")[1])) for key, value in lines if key == "node"]
    return dict(lines), nodes, [row.split("\t") for row in body.rstrip("\n").split("\n")]

def results(path):
    """Yields the rows of a file, then its checksums."""
    header, nodes, rows = read(path)
    if header["algorithm"] == "logarithm":
        yield from ([raw, struct.pack(">d", minus_ln(int(raw))).hex()] for raw, _ in rows)
        return
    h, bits = hash_named(header["hash"]), int(header["table_bits"])
    placed, total = place(nodes, h), set_checksum(nodes, h)
    for text, *_ in rows:
        key = json.loads(text).encode()
        (order, top), s = rank(placed, h, key), slot(h, bits, key)
        yield [text, " ".join(map(str, order[:10])), top, s, rank(placed, h, str(s).encode())[0][0]]
    yield ["checksum", total, table_checksum(bits, total)]

if __name__ == "__main__":
    for path in sys.argv[1:]:
        for row in [["#", path], *results(path)]:
            print(*row, sep="\t")
