package ring

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// KetamaMode is a configuration of libmemcached for consistent hashing. Except as
// noted, the modes place keys differently.
type KetamaMode int

const (
	// KetamaDefault is MEMCACHED_BEHAVIOR_KETAMA: 100 points a server; points
	// and keys are hashed by Jenkins' one-at-a-time. If any server has a
	// capacity above 1, the points are those of KetamaWeighted, while the
	// positions of keys stay the same. As in libmemcached, this mode accepts
	// another hash: Config.Hash, of which it uses the low 32 bits.
	KetamaDefault KetamaMode = iota
	// KetamaMD5 is KetamaDefault with MEMCACHED_BEHAVIOR_HASH set to MD5.
	KetamaMD5
	// KetamaWeighted is MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED: 160 points for the
	// average server, in groups of four; points and keys are hashed by MD5.
	KetamaWeighted
	// KetamaWeightedLate is KetamaWeighted set after the servers were added. It
	// places keys like KetamaWeighted.
	KetamaWeightedLate
	// KetamaSpy is KetamaWeighted with the distribution
	// MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY, which agrees with the Java
	// client spymemcached: points are named "/host:port-i".
	KetamaSpy
)

var ketamaNames = []string{"ketama", "ketama-md5", "ketama-weighted", "ketama-weighted-late", "ketama-spy"}

// String returns the name of the mode, such as "ketama-weighted".
func (m KetamaMode) String() string {
	if m < 0 || int(m) >= len(ketamaNames) {
		return fmt.Sprintf("ketama-mode-%d", int(m))
	}
	return ketamaNames[m]
}

// libmemcached's constants.
const (
	ketamaPort   = 11211
	ketamaPoints = 100 // of a server, unweighted
	ketamaGroups = 40  // of four points, of the average server, weighted
)

// Ketama agrees with libmemcached 1.1.4 on the owner of every key.
//
// An ID is "host", "host:port" or the path of a Unix socket, beginning with "/" or
// "unix:/". The default port is 11211; an IPv6 host with a port has brackets, which
// are not hashed. Capacities are whole numbers of 32 bits. In weighted modes they
// divide a total of 160 points per server in float32 arithmetic, so a capacity far
// below the average may have no point, equal capacities may have 156, and a change
// of one server may move keys between others. A drained node corresponds to a
// server that libmemcached does not have (there weight 0 means 1). Of points at one
// position that of the server given first comes first. libmemcached itself makes no
// ring of more than 100 servers; this layout extends its rules.
func Ketama(mode KetamaMode) Layout { return ketama{mode} }

type ketama struct{ mode KetamaMode }

func (l ketama) String() string { return l.mode.String() }
func (l ketama) ordered() bool  { return true }

func (l ketama) place(members []member, hash func(string) uint64) (*plan, error) {
	key, err := l.keyHash(hash)
	if err != nil {
		return nil, err
	}
	if err := wholeCapacities(members); err != nil {
		return nil, err
	}
	servers, err := l.servers(members)
	if err != nil {
		return nil, err
	}
	p := &plan{key: key, bits: 32}
	if !l.weighted(servers) {
		return p, p.addUnweighted(servers)
	}
	if err := permitMD5(l); err != nil {
		return nil, err
	}
	return p, p.addWeighted(servers)
}

// keyHash returns the hash of keys and, in unweighted modes, of points.
func (l ketama) keyHash(hash func(string) uint64) (func(string) uint64, error) {
	if l.mode < KetamaDefault || l.mode > KetamaSpy {
		return nil, fmt.Errorf("%s: not one of %v: %w", l, ketamaNames, ErrLayout)
	}
	if l.mode != KetamaDefault {
		return md5Word, fixedMD5(l, hash)
	}
	if hash == nil {
		return oneAtATime, nil
	}
	return func(key string) uint64 { return hash(key) & math.MaxUint32 }, nil
}

// ketamaServer is a member as libmemcached has it.
type ketamaServer struct {
	name   string // prefix of the names of its points
	weight uint32 // 0 if libmemcached does not have the server
}

func (l ketama) servers(members []member) ([]ketamaServer, error) {
	servers := make([]ketamaServer, len(members))
	for i, m := range members {
		name, err := l.name(m.id)
		if err != nil {
			return nil, err
		}
		servers[i] = ketamaServer{name, uint32(m.capacity)}
	}
	return servers, nil
}

// name returns the prefix of the names of a server's points: its host, and its
// port unless that is the default.
func (l ketama) name(id string) (string, error) {
	host, port := id, uint16(0)
	if path, ok := strings.CutPrefix(id, "unix:"); ok && strings.HasPrefix(path, "/") {
		host = path
	}
	if host[0] != '/' {
		var err error
		if host, port, err = splitAddress(id, ketamaPort); err != nil {
			return "", err
		}
		if port == 0 {
			port = ketamaPort
		}
	}
	name := host + ":" + strconv.Itoa(int(port))
	switch {
	case l.mode == KetamaSpy:
		return "/" + name, nil
	case port == ketamaPort:
		return host, nil
	default:
		return name, nil
	}
}

// weighted reports whether libmemcached weights the servers: in weighted modes,
// and in the others if a weight is above 1.
func (l ketama) weighted(servers []ketamaServer) bool {
	if l.mode >= KetamaWeighted {
		return true
	}
	for _, s := range servers {
		if s.weight > 1 {
			return true
		}
	}
	return false
}

func (p *plan) addUnweighted(servers []ketamaServer) error {
	if err := checkTotal(ketamaPoints * float64(len(servers))); err != nil {
		return err
	}
	for _, s := range servers {
		for i := range ketamaPoints * int(s.weight) { // which is 1 or 0
			p.positions = append(p.positions, p.key(s.name+"-"+strconv.Itoa(i)))
		}
		p.next()
	}
	return nil
}

func (p *plan) addWeighted(servers []ketamaServer) error {
	if err := checkTotal(4 * ketamaGroups * float64(len(servers))); err != nil {
		return err
	}
	total, n := uint64(0), 0
	for _, s := range servers {
		if total += uint64(s.weight); s.weight > 0 {
			n++
		}
	}
	for _, s := range servers {
		for i := range groups(s.weight, total, n) {
			for _, word := range md5Words(s.name + "-" + strconv.Itoa(i)) {
				p.positions = append(p.positions, uint64(word))
			}
		}
		p.next()
	}
	return nil
}

// groups returns the number of groups of four points of a server. Every operation
// is rounded to float32, left to right, as in the original. The conversions keep
// the compiler from fusing a product and a sum into one rounding, which would
// give some servers four points more.
func groups(weight uint32, total uint64, servers int) int {
	if weight == 0 {
		return 0
	}
	share := float32(float32(weight) / float32(total))
	n := float32(share * (4 * ketamaGroups))
	n = float32(n / 4)
	n = float32(n * float32(servers))
	return int(float32(n + 1e-10))
}
