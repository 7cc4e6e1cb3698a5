// Package rendezvous in JavaScript, written from SPEC.md: order, table and checksums.
//
// usage: node reference.js FILE... computes the rows of vectors again and prints them.
'use strict';
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');

const u64 = (x) => BigInt.asUintN(64, x);
const DEFAULT_KEY = Buffer.from('d906b07a881315ce308847a8c4de69c6', 'hex');
const GOLDEN = 0x9e3779b97f4a7c15n;

function siphash(key, data) {
  const rotl = (x, b) => u64(x << b | x >> 64n - b);
  const k0 = key.readBigUInt64LE(0), k1 = key.readBigUInt64LE(8);
  let a = k0 ^ 0x736f6d6570736575n, b = k1 ^ 0x646f72616e646f6dn, c = k0 ^ 0x6c7967656e657261n, d = k1 ^ 0x7465646279746573n;
  const rounds = (n) => {
    for (; n > 0; n--) {
      a = u64(a + b); b = rotl(b, 13n) ^ a; a = rotl(a, 32n);
      c = u64(c + d); d = rotl(d, 16n) ^ c;
      a = u64(a + d); d = rotl(d, 21n) ^ a;
      c = u64(c + b); b = rotl(b, 17n) ^ c; c = rotl(c, 32n);
    }
  };
  const text = Buffer.concat([data, Buffer.alloc(8 - data.length % 8)]);
  text[text.length - 1] = data.length & 255;
  for (let i = 0; i < text.length; i += 8) {
    const word = text.readBigUInt64LE(i);
    d ^= word; rounds(2); a ^= word;
  }
  c ^= 255n; rounds(4);
  return a ^ b ^ c ^ d;
}

function finalize(x) {
  x = u64((x ^ x >> 33n) * 0xff51afd7ed558ccdn);
  x = u64((x ^ x >> 33n) * 0xc4ceb9fe1a85ec53n);
  return x ^ x >> 33n;
}

function hashNamed(text) {
  const [name, key] = text.split(' ');
  if (name === 'siphash') return (data) => siphash(key ? Buffer.from(key, 'hex') : DEFAULT_KEY, data);
  return (data) => createHash(name).update(data).digest().readBigUInt64BE(0);
}

// floatBits and floatOf convert between a float64 and its bits.
const view = new DataView(new ArrayBuffer(8));
const floatBits = (x) => (view.setFloat64(0, x), view.getBigUint64(0));
const floatOf = (bits) => (view.setBigUint64(0, bits), view.getFloat64(0));

// log returns the natural logarithm with the same bits everywhere.
function log(x) {
  const bits = BigInt.asIntN(64, floatBits(x)), e = bits - 0x3fe6a09e00000000n >> 52n;
  const k = Number(e), f = floatOf(u64(bits - (e << 52n))) - 1;
  const s = f / (2 + f), half = 0.5 * (f * f), z = s * s, w = z * z;
  let odd = 2 / 23, even = 2 / 21;
  for (const n of [19, 15, 11, 7, 3]) odd = 2 / n + w * odd;
  for (const n of [17, 13, 9, 5]) even = 2 / n + w * even;
  const rest = s * (half + (z * odd + w * even)) + k * floatOf(0x3dea39ef35793c76n);
  return k * floatOf(0x3fe62e42fee00000n) - ((half - rest) - f);
}
const minusLn = (raw) => -log((Number(raw >> 12n) + 0.5) / 2 ** 52);

// place returns the nodes that are not drained, with their seeds.
function place(nodes, h) {
  const live = nodes.filter((n) => n.weight > 0);
  const equal = live.every((n) => n.weight === live[0].weight);
  const nameKey = Buffer.from('proxenos node v1');
  return live.map((n) => ({ ...n, weight: equal ? 0 : n.weight, seed: finalize(h(n.id)) ^ siphash(nameKey, n.id) }));
}

// rank returns the nodes from best to worst, with their raw scores.
function rank(placed, h, key) {
  const k = finalize(h(key)), m = finalize(u64(k + GOLDEN)) | 1n;
  const scored = placed.map((n) => {
    const raw = u64((n.seed ^ k) * m);
    return { ...n, raw, value: n.weight * 2 ** 300 / minusLn(raw) };
  });
  const larger = (a, b) => (a > b ? -1 : a < b ? 1 : 0);
  return scored.sort((a, b) => larger(a.value, b.value) || larger(a.raw, b.raw) || Buffer.compare(a.id, b.id));
}
const slot = (h, bits, key) => finalize(h(key)) >> BigInt(64 - bits);

const varint = (n) => (n < 128 ? [n] : [n & 127 | 128, ...varint(n >> 7)]);
const bigEndian = (x) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(x); return b; };
// checksum takes byte strings and integers of 64 bits.
const checksum = (...fields) => siphash(Buffer.from('proxenos sum  v1'), Buffer.concat(fields.map(
  (f) => (typeof f === 'bigint' ? bigEndian(f) : Buffer.concat([Buffer.from(varint(f.length)), f])))));
function setChecksum(nodes, h) {
  const probes = ['', 'proxenos', 'placement is a promise'].map((key) => h(Buffer.from(key)));
  const sorted = [...nodes].sort((a, b) => Buffer.compare(a.id, b.id));
  return checksum(Buffer.from('rendezvous v1'), ...probes, ...sorted.flatMap((n) => [n.id, floatBits(n.weight)]));
}
const tableChecksum = (bits, set) => checksum(Buffer.from('rendezvous table v1'), BigInt(bits), set);

// read returns the lines of the header of a file, its nodes, and its rows.
function read(path) {
  const text = readFileSync(path, 'utf8'), end = text.indexOf('\n\n');
  const lines = text.slice(0, end).split('\n').filter((line) => line[0] !== '#').map((line) => line.split(': '));
  const nodes = lines.filter(([key]) => key === 'node').map(([, value], index) => {
    const [id, weight] = value.split(' ');
    return { index, id: Buffer.from(id), weight: Number(weight) };
  });
  return { lines, header: Object.fromEntries(lines), nodes, rows: text.slice(end + 2).trimEnd().split('\n').map((row) => row.split('\t')) };
}

// results returns the rows of a file, then its checksums.
function results(path) {
  const { header, nodes, rows } = read(path);
  if (header.algorithm === 'logarithm') return rows.map(([raw]) => [raw, bigEndian(floatBits(minusLn(BigInt(raw)))).toString('hex')]);
  const h = hashNamed(header.hash), bits = Number(header.table_bits), placed = place(nodes, h), set = setChecksum(nodes, h);
  return [...rows.map(([quoted]) => {
    const key = Buffer.from(JSON.parse(quoted)), order = rank(placed, h, key), s = slot(h, bits, key);
    const owner = rank(placed, h, Buffer.from(String(s)))[0];
    return [quoted, order.slice(0, 10).map((n) => n.index).join(' '), order[0].raw, s, owner.index];
  }), ['checksum', set, tableChecksum(bits, set)]];
}
const print = (results) => { for (const path of process.argv.slice(2)) for (const row of [['#', path], ...results(path)]) console.log(row.join('\t')); };
if (require.main === module) print(results);
module.exports = { finalize, hashNamed, floatBits, place, rank, checksum, read, print };
