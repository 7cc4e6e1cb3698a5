"""A node of thrifty-p2p (2009) and a client of it, on today's Thrift library.

    peer.py GEN serve PORT [PEER_PORT]   runs a node; prints each call it receives
    peer.py GEN call PORT                makes every call; prints the results as JSON
    peer.py GEN put PORT KEY VALUE       stores a value
    peer.py GEN get PORT KEY             prints the value

GEN is the output directory of `thrift --gen py`. If it holds the package
diststore, the node is a store; otherwise it serves the locator only. Like the
original, the node serves one connection at a time and knows the calls of 2009
only.
"""
import hashlib
import json
import signal
import sys
import time

sys.path.insert(0, sys.argv[1])

from bisect import bisect_right
from thrift.Thrift import TApplicationException, TMessageType
from thrift.protocol import TBinaryProtocol
from thrift.server import TServer
from thrift.transport import TSocket, TTransport

from locator.ttypes import Location

SERVICES = ["locator.Base", "locator.Locator"]
try:
    from diststore import Store as Service

    SERVICES.append("diststore.Store")
except ImportError:
    from locator import Locator as Service

HOST = "127.0.0.1"


class remote:
    """A client for one call on its own connection."""

    def __init__(self, port):
        socket = TSocket.TSocket(HOST, port)
        socket.setTimeout(5000)
        self.transport = TTransport.TBufferedTransport(socket)
        self.client = Service.Client(TBinaryProtocol.TBinaryProtocol(self.transport))

    def __enter__(self):
        self.transport.open()
        return self.client

    def __exit__(self, *_):
        self.transport.close()


def md5_word(text):
    return int.from_bytes(hashlib.md5(text.encode()).digest()[:4], "big")


def key_word(key):
    if len(key) == 32 and all(c in "0123456789abcdefABCDEF" for c in key):
        return int(key[:8], 16)
    return md5_word(key)


def owner(nodes, key):
    """The port that owns the key: that of the next point on the ring."""
    points = {}
    for port in nodes:
        for j in range(30):
            word = md5_word("%s:%d-%d" % (HOST, port, j))
            for shift in (0, 4, 8, 12):
                points[word << shift] = port
    ordered = sorted(points)
    return points[ordered[bisect_right(ordered, key_word(key)) % len(ordered)]]


class Node:
    def __init__(self, port):
        self.port, self.nodes, self.items = port, {port}, {}

    def say(self, *words):
        print(*words, flush=True)

    # Base

    def ping(self):
        self.say("ping")

    def service_type(self):
        self.say("service_type")
        return SERVICES[-1]

    def service_types(self):
        self.say("service_types")
        return SERVICES

    def debug(self):
        self.say("debug", sorted(self.nodes), sorted(self.items))

    def die(self):
        self.say("die")
        raise KeyboardInterrupt

    # Locator

    def get_all(self):
        self.say("get_all")
        return [Location(HOST, port) for port in sorted(self.nodes)]

    def get_node(self, key):
        self.say("get_node", key)
        return Location(HOST, owner(self.nodes, key))

    def join(self, location):
        self.say("join", location.port)
        self.change("add", location.port, [self.port])
        wait = 0.01
        for _ in range(10):
            try:
                with remote(location.port) as peer:
                    return peer.ping()
            except TTransport.TTransportException:
                time.sleep(wait)
                wait *= 2

    def add(self, location, authorities):
        self.say("add", location.port, [a.port for a in authorities])
        self.change("add", location.port, [a.port for a in authorities])

    def remove(self, location, authorities):
        self.say("remove", location.port, [a.port for a in authorities])
        self.change("remove", location.port, [a.port for a in authorities])

    def change(self, what, port, authorities):
        if what == "remove":
            self.nodes.discard(port)
        self.forward(what, port, authorities + [self.port])
        if what == "add":
            self.nodes.add(port)
            self.hand_over(port)

    def forward(self, what, port, authorities):
        """Calls the first member that is not an authority."""
        for candidate in sorted(self.nodes - set(authorities), key=lambda p: "%s:%d" % (HOST, p)):
            try:
                with remote(candidate) as peer:
                    getattr(peer, what)(Location(HOST, port), [Location(HOST, a) for a in authorities])
                return
            except TTransport.TTransportException:
                self.nodes.discard(candidate)

    # Store

    def hand_over(self, port):
        time.sleep(0.01)
        for key in sorted(self.items):
            if port != self.port and owner(self.nodes, key) == port:
                with remote(port) as peer:
                    peer.put(key, self.items[key])
                del self.items[key]
                self.say("dropped", key)

    def put(self, key, value):
        at = owner(self.nodes, key)
        if at == self.port:
            self.items[key] = value
            return self.say("received", key)
        with remote(at) as peer:
            peer.put(key, value)

    def get(self, key):
        at = owner(self.nodes, key)
        if at == self.port:
            return self.items.get(key, "")
        with remote(at) as peer:
            return peer.get(key)

    def leave(self):
        self.nodes.discard(self.port)
        informed = set()
        for key, value in sorted(self.items.items()):
            try:
                self.hand_back(key, value, owner(self.nodes, key), informed)
            except TTransport.TTransportException:
                self.say("not found", key)  # the item is lost
        if not informed:
            self.forward("remove", self.port, [self.port])

    def hand_back(self, key, value, at, informed):
        me = Location(HOST, self.port)
        if at not in informed:
            with remote(at) as peer:
                peer.remove(me, [me])
            informed.add(at)
        with remote(at) as peer:
            peer.ping()
        with remote(at) as peer:
            peer.put(key, value)


class processor(Service.Processor):
    """Has the calls of 2009 only."""

    def __init__(self, handler):
        super().__init__(handler)
        for later in ("get_all_wide", "get_node_wide"):
            del self._processMap[later]


def interrupt(*_):
    raise KeyboardInterrupt


def serve(port, peer):
    signal.signal(signal.SIGINT, interrupt)
    node = Node(port)
    server = TServer.TSimpleServer(
        processor(node),
        TSocket.TServerSocket(HOST, port),
        TTransport.TBufferedTransportFactory(),
        TBinaryProtocol.TBinaryProtocolFactory(),
    )
    if peer:
        with remote(peer) as p:
            node.nodes |= {location.port for location in p.get_all()}
        with remote(peer) as p:
            p.join(Location(HOST, port))
    try:
        server.serve()
    except KeyboardInterrupt:
        server.serverTransport.close()
        if len(node.nodes) > 1:
            node.leave()


def bogus(port):
    """Calls an unknown method."""
    with remote(port) as peer:
        out, into = peer._oprot, peer._iprot
        out.writeMessageBegin("bogus", TMessageType.CALL, 7)
        out.writeStructBegin("bogus_args")
        out.writeFieldStop()
        out.writeStructEnd()
        out.writeMessageEnd()
        out.trans.flush()
        name, kind, seqid = into.readMessageBegin()
        failure = TApplicationException()
        failure.read(into)
        into.readMessageEnd()
        return [name, kind, seqid, failure.type, failure.message]


def call(port):
    got = {}

    def make(method, *args):
        with remote(port) as peer:
            answer = getattr(peer, method)(*args)
        if isinstance(answer, Location):
            answer = [answer.address, answer.port]
        if isinstance(answer, list) and answer and isinstance(answer[0], Location):
            answer = [[location.address, location.port] for location in answer]
        got[method] = answer

    make("ping")
    make("service_type")
    make("service_types")
    make("debug")
    make("get_all")
    make("get_node", "touch\u00e9")
    # A node that does not exist comes and goes.
    make("add", Location(HOST, 1), [Location(HOST, port)])
    make("ping")
    make("remove", Location(HOST, 1), [Location(HOST, port)])
    make("join", Location(HOST, port))  # refused, as it is its own
    make("ping")
    got["bogus"] = bogus(port)
    make("die")
    print(json.dumps(got))


command, port, rest = sys.argv[2], int(sys.argv[3]), sys.argv[4:]
if command == "serve":
    serve(port, int(rest[0]) if rest else 0)
elif command == "call":
    call(port)
else:
    with remote(port) as peer:
        answer = getattr(peer, command)(*rest)
    if command == "get":
        print(answer)
