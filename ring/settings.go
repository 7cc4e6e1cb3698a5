package ring

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/ring/internal/keyhash"
)

// Settings describe the layout of a program by the five choices in which such
// programs differ. [Custom] makes a layout of them.
//
// # Label
//
// The text that is hashed for the points of a node. Every field in braces stands
// for a text:
//
//	{id}                   the ID
//	{id-11211}             the ID without ":11211" at its end
//	{host} {port}          of an ID "host:port", without the brackets of IPv6
//	{memcached}            the server as libmemcached names it: the host, with its
//	                       port unless that is 11211, or the path of a socket
//	{memcached-port}       the same with 11211 kept
//	{nginx}                the host, a NUL byte and the port, as nginx splits them
//	{number}               the place of the node in the order given, from 1
//	{i}                    the number of the label among those of the node, from 0
//	{4096*number+i}        that number as four little-endian bytes
//	{4096*id+i}            the same for an ID that is a whole number
//
// # PointHash
//
// The hash of labels. The names of KeyHash make a point of each label. With the
// others a label gives several points, or one label gives all of them:
//
//	md5-4le32              four: the little-endian words of the MD5 digest
//	md5-4le32-rest         the same; points that do not fill four are at 0, 1 and 2
//	md5-be32-shifts        four: the first big-endian word, shifted by 0, 4, 8 and 12
//	crc32-chain            all: the CRC-32 of the label followed by the previous
//	                       point as four little-endian bytes, which begins as 0
//	avalanche32            one, of the four bytes of a number: Jenkins' hash of an
//	                       integer with full avalanche, times 3221225473
//
// # Points
//
// The number of points of a node:
//
//	each(N)                N, whatever the capacity
//	weight(N)              N for each unit of capacity
//	share32(N)             its share by capacity of N a node, in groups of four and
//	                       float32 arithmetic, as in libmemcached
//	share64(N)             the same in float64 arithmetic
//	total(N)               its share by capacity of N, truncated
//	history(N)             its share by capacity of N a node, the greatest since it
//	                       was added
//	ring(MIN,MAX)          its share of a ring of MIN to MAX points that is so large
//	                       that the smallest share is whole, as in Envoy
//
// # KeyHash
//
// The hash that gives a key its position. [KeyHashes] returns the names.
//
// # Lookup
//
// Which point a key belongs to. After the last point comes the first, except with
// no-wrap. Of points at one position all stay; the suffix "-first" keeps only that
// of the node given first, and "-last" that of the node given last.
//
//	at-or-after            the first at or after the position of the key
//	after                  the first after it
//	nearest                the nearest; of two at one distance the one before
//	no-wrap                the first at or after it, or else the last
//
// Points that coincide stay in the order in which their nodes are given. If no
// capacity matters to Points, capacities other than 0 are not looked at.
type Settings struct {
	Label     string
	PointHash string
	Points    string
	KeyHash   string
	Lookup    string
}

// String returns the settings in their order, separated by blanks.
func (s Settings) String() string {
	return strings.Join([]string{s.Label, s.PointHash, s.Points, s.KeyHash, s.Lookup}, " ")
}

// KeyHashes returns the values of Settings.KeyHash in ascending order.
//
//	crc16                  CRC-16/XMODEM
//	crc16-wide             the same, keeping what is shifted out of its 16 bits
//	crc32                  CRC-32 of IEEE 802.3
//	crc32-15               its bits 16 to 30
//	djb2, sdbm             as in HAProxy
//	fnv1-32, fnv1a-32      FNV over signed bytes
//	fnv1-64-low32, fnv1a-64-low32   the low halves of 64-bit FNV over signed bytes
//	fnv1a-64               FNV-1a
//	md5-le32, md5-be32     the first four bytes of MD5, in either byte order
//	md5-be32-or-hex        the same, but 32 hexadecimal digits are a digest
//	md5-last64             the last eight bytes of MD5, big-endian
//	murmur2-31             MurmurHash2 with the seed of Kafka, without the sign bit
//	murmur3-32, murmur3-64 MurmurHash3_x86_32, and the first half of x64_128
//	one-at-a-time          Jenkins' one-at-a-time hash over signed bytes
//	sha256-last32          the last four bytes of SHA-256, little-endian
//	xxhash64               XXH64 with seed 0
//
// The suffix "-avalanche" of crc32, djb2 and sdbm applies avalanche32 to the
// result.
func KeyHashes() []string { return keyhash.Names() }

// Custom returns the layout with these settings, for a program that this package
// does not know by name. A setting that is not valid is an error of [New] that
// wraps [ErrLayout].
func Custom(s Settings) Layout { return circleLayout{name: "custom " + s.String(), Settings: s} }

// circleLayout is a layout of five settings.
type circleLayout struct {
	Settings
	name     string
	sorted   bool      // the program sorts its nodes by ID
	weighted *Settings // those for nodes that differ in weight, if they are others
	hashable bool      // Config.Hash may replace the key hash, and the point hash with it
	err      error     // of a parameter
}

func (l circleLayout) String() string { return l.name }
func (l circleLayout) ordered() bool  { return !l.sorted }

func (l circleLayout) place(members []member, hash func(string) uint64) (*plan, error) {
	if l.err != nil {
		return nil, l.err
	}
	if hash != nil && !l.hashable {
		return nil, fmt.Errorf("layout %s: %w", l, ErrHashFixed)
	}
	s, err := l.parse(members)
	if err != nil {
		return nil, err
	}
	if hash != nil {
		s.replaceKeyHash(hash)
	}
	if err := s.permitted(); err != nil {
		return nil, fmt.Errorf("layout %s: %w", l, err)
	}
	return s.place(members)
}

// parse validates the settings that apply to the members.
func (l circleLayout) parse(members []member) (*settings, error) {
	chosen := l.Settings
	if l.weighted != nil {
		if err := wholeCapacities(members); err != nil {
			return nil, err
		}
	}
	if l.weighted != nil && slices.ContainsFunc(members, func(m member) bool { return m.capacity > 1 }) {
		key := chosen.KeyHash
		chosen = *l.weighted
		chosen.KeyHash = key
	}
	s, err := chosen.parse()
	if err != nil {
		return nil, fmt.Errorf("layout %s: %w", l, err)
	}
	return s, nil
}

// settings are Settings in parsed form.
type settings struct {
	label  labelFormat
	points pointHash
	count  pointCount
	key    keyhash.Hash
	lookup lookup
	keep   keep
}

func (s Settings) parse() (p *settings, err error) {
	p = new(settings)
	var ok bool
	if p.key, ok = keyhash.Find(s.KeyHash); !ok {
		return nil, fmt.Errorf("key hash %q is not one of %s: %w", s.KeyHash, strings.Join(KeyHashes(), ", "), ErrLayout)
	}
	if p.points, err = parsePointHash(s.PointHash); err != nil {
		return nil, err
	}
	if p.count, err = parsePointCount(s.Points); err != nil {
		return nil, err
	}
	if p.label, err = parseLabel(s.Label, p.points); err != nil {
		return nil, err
	}
	if p.lookup, p.keep, err = parseLookup(s.Lookup); err != nil {
		return nil, err
	}
	if p.points.bits > p.key.Bits {
		return nil, fmt.Errorf("point hash %s has %d bits, key hash %s only %d: %w", p.points.name, p.points.bits, p.key.Name, p.key.Bits, ErrLayout)
	}
	return p, nil
}

// replaceKeyHash puts a configured hash in the place of the key hash, and of the
// point hash if that is the same one. It uses the low 32 bits.
func (s *settings) replaceKeyHash(hash func(string) uint64) {
	own := keyhash.Hash{Name: "configured", Bits: 32, Sum: func(key string) uint64 { return hash(key) & 0xffffffff }}
	if s.points.name == s.key.Name {
		s.points = singly(own)
	}
	s.key = own
}

// permitted refuses settings that hash by MD5 where FIPS mode forbids it.
func (s *settings) permitted() error {
	if err := s.key.Permitted(); err != nil {
		return err
	}
	return s.points.permitted()
}

func (s *settings) place(members []member) (*plan, error) {
	labels, err := s.label.of(members)
	if err != nil {
		return nil, err
	}
	counts, err := s.count.of(members)
	if err != nil {
		return nil, err
	}
	total := 0.0
	for _, n := range counts {
		total += n
	}
	if err := checkTotal(total); err != nil {
		return nil, err
	}
	p := &plan{positions: make([]uint64, 0, int(total)), key: s.key.Sum, keyAll: s.key.All, bits: s.key.Bits, lookup: s.lookup, keep: s.keep}
	for i, l := range labels {
		p.positions = s.points.add(p.positions, l, int(counts[i]))
		p.next()
	}
	return p, nil
}
