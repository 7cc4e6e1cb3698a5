// Partitions, shards and failure domains over a rendezvous set in JavaScript, written from SPEC.md.
//
// usage: node reference_rules.js FILE... computes the rows of vectors again and prints them.
'use strict';
const { finalize, hashNamed, floatBits, place, rank, checksum, read, print } = require('./reference.js');

// order returns the nodes of a key from best to worst, without their scores.
const order = (placed, h, key) => rank(placed, h, Buffer.from(key));
const indices = (nodes) => nodes.map((n) => n.index).join(' ');

// decimal returns the shortest decimal number that rounds to x, as a numerator of 10^scale.
function decimal(x) {
  const [digits, exponent] = String(x).split('e'), [whole, part = ''] = digits.split('.');
  const scale = part.length - Number(exponent ?? 0);
  return { top: BigInt(whole + part) * 10n ** BigInt(Math.max(0, -scale)), scale: BigInt(Math.max(0, scale)) };
}

// limits returns the greatest number of partitions of each node.
function limits(nodes, n, bound) {
  if (bound === 0) return nodes.map(() => n);
  const exact = nodes.map((node) => decimal(node.weight)), b = decimal(bound);
  const scale = exact.reduce((most, w) => (w.scale > most ? w.scale : most), 0n);
  const tops = exact.map((w) => w.top * 10n ** (scale - w.scale)), total = tops.reduce((sum, w) => sum + w, 0n);
  const below = total * 10n ** b.scale;
  return tops.map((w) => Math.min(n, Number((b.top * BigInt(n) * w + below - 1n) / below)));
}

// assign returns the owner of every partition.
function assign(nodes, placed, h, n, bound) {
  const room = limits(nodes, n, bound);
  return Array.from({ length: n }, (_, partition) => {
    const owner = order(placed, h, String(partition)).find((node) => room[node.index] > 0);
    room[owner.index]--;
    return owner;
  });
}

function partitionsChecksum(nodes, h, n, bound, owners) {
  const live = nodes.filter((node) => node.weight > 0).sort((a, b) => Buffer.compare(a.id, b.id));
  const at = new Map(live.map((node, place) => [node.index, BigInt(place)]));
  const fold = owners.reduce((sum, owner) => finalize(BigInt.asUintN(64, sum + at.get(owner.index) + 1n)), 0n);
  const probes = ['', 'proxenos', 'placement is a promise'].map((key) => h(Buffer.from(key)));
  return checksum(Buffer.from('partitions v1'), BigInt(n), floatBits(bound), ...probes, ...live.flatMap((node) => [node.id, floatBits(node.weight)]), fold);
}

function partitions({ header, nodes, rows }, h, placed) {
  const n = Number(header.partitions), bound = Number(header.bound), owners = assign(nodes, placed, h, n, bound);
  return [...rows.map(([quoted]) => {
    const partition = Number(h(Buffer.from(JSON.parse(quoted))) % BigInt(n)), owner = owners[partition];
    const others = order(placed, h, String(partition)).filter((node) => node.index !== owner.index);
    return [quoted, partition, indices([owner, ...others].slice(0, 10))];
  }), ['checksum', partitionsChecksum(nodes, h, n, bound, owners)]];
}

// spread returns the best node of every zone, then the second best, and so on, up to n.
function spread(nodes, n) {
  const taken = {}, zone = (node) => node.id.toString().split('-')[0];
  const rounds = nodes.map((node) => [taken[zone(node)] = (taken[zone(node)] ?? 0) + 1, node]);
  return rounds.sort(([a], [b]) => a - b).slice(0, n).map(([, node]) => node); // sort is stable
}

function shards({ header, rows }, h, placed) {
  return rows.map(([quoted]) => {
    const shard = spread(order(placed, h, JSON.parse(quoted)), Number(header.shard)), members = new Set(shard.map((n) => n.index));
    const own = order(placed, h, 'user:42').filter((node) => members.has(node.index));
    return [quoted, indices(shard), indices(spread(own, Number(header.replicas)))];
  });
}

// choose returns the nodes that the rule permits, and the number of limits that they break.
function choose(ranked, levels, n, most, nearest) {
  const domain = (node, depth) => node.id.toString().split('/').slice(0, depth + 1).join('/');
  const chosen = [], held = (path, depth) => chosen.filter((node) => domain(node, depth) === path).length;
  const home = nearest && levels.indexOf(nearest[0]), inside = () => held(domain(chosen[0], home), home);
  const permits = (node, lifted) => {
    for (let depth = lifted; depth < levels.length; depth++) {
      if (levels[depth] in most && held(domain(node, depth), depth) >= most[levels[depth]]) return false;
    }
    if (!nearest || chosen.length === 0 || lifted > levels.length) return true;
    if (domain(node, home) === domain(chosen[0], home)) return inside() < nearest[1];
    return chosen.length - inside() < n - nearest[1];
  };
  for (let lifted = 0; lifted <= levels.length + 1; lifted++) {
    for (const node of ranked) if (chosen.length < n && !chosen.includes(node) && permits(node, lifted)) chosen.push(node);
  }
  let broken = 0;
  levels.forEach((level, depth) => {
    for (const path of new Set(chosen.map((node) => domain(node, depth)))) broken += level in most && held(path, depth) > most[level];
  });
  if (nearest) broken += (inside() > nearest[1]) + (chosen.length - inside() > n - nearest[1]);
  return [chosen, broken];
}

function levels({ lines, header, rows }, h, placed) {
  const named = (name) => lines.filter(([key]) => key === name).map(([, value]) => [value.split(' ')[0], Number(value.split(' ')[1])]);
  return rows.map(([quoted]) => {
    const ranked = order(placed, h, JSON.parse(quoted));
    const [chosen, broken] = choose(ranked, header.levels.split(' '), Number(header.replicas), Object.fromEntries(named('limit')), named('nearest')[0]);
    return [quoted, indices(chosen), Number(broken)];
  });
}

const algorithms = { 'partitions v1': partitions, 'shards v1': shards, 'levels v1': levels };
print((path) => {
  const file = read(path), h = hashNamed(file.header.hash);
  return algorithms[file.header.algorithm](file, h, place(file.nodes, h));
});
