// usage: node owners.js hashring|memcached|kafkajs; see clients_test.go
const [, , name] = process.argv;

const clients = {
  hashring(servers) {
    const HashRing = require('hashring');
    const ring = new HashRing(Object.fromEntries(servers.map(([address, weight]) => [address, Number(weight)])));
    return (key) => ring.get(key);
  },
  memcached(servers) {
    const Memcached = require('memcached');
    const client = new Memcached(Object.fromEntries(servers.map(([address, weight]) => [address, Number(weight)])));
    return (key) => client.HashRing.get(key);
  },
  kafkajs(servers) {
    const { Partitioners } = require('kafkajs');
    const partition = Partitioners.DefaultPartitioner();
    const partitionMetadata = servers.map((_, partitionId) => ({ partitionId, leader: 0 }));
    return (key) => partition({ topic: 'topic', partitionMetadata, message: { key } });
  },
};

let servers, ask;
for (const line of require('fs').readFileSync(0, 'utf8').split('\n')) {
  const [kind, ...fields] = line.split('\t');
  if (kind === 'setup') [servers, ask] = [[], null];
  if (kind === 'server') servers.push(fields);
  if (kind === 'key') console.log((ask ||= clients[name](servers))(fields[0]));
}
