package ring

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// nginxPoints is the number of points of a server for each unit of its weight.
const nginxPoints = 160

// Nginx agrees with nginx 1.22.1, "hash KEY consistent", on the first server for
// every key that is not empty, as long as all servers are up.
//
// An ID is the server as in the configuration: a host, an address with or without
// a port, or "unix:" and a path. Capacities are whole numbers, as in "weight=2";
// a drained node corresponds to a server that is not in the configuration. Of
// points at one position only that of the server given first stays.
func Nginx() Layout { return nginx{} }

type nginx struct{}

func (nginx) String() string { return "nginx" }
func (nginx) ordered() bool  { return true }

func (l nginx) place(members []member, hash func(string) uint64) (*plan, error) {
	if err := fixedHash(l, hash); err != nil {
		return nil, err
	}
	if err := wholeCapacities(members); err != nil {
		return nil, err
	}
	total := 0.0
	for _, m := range members {
		total += nginxPoints * m.capacity
	}
	if err := checkTotal(total); err != nil {
		return nil, err
	}
	p := &plan{positions: make([]uint64, 0, int(total)), key: crc, bits: 32, single: true}
	for _, m := range members {
		p.positions = appendChain(p.positions, m.id, nginxPoints*int(m.capacity))
		p.next()
	}
	return p, nil
}

// appendChain appends n points of a server. Each is the CRC-32 of the server's
// name followed by the previous point as four little-endian bytes.
func appendChain(dst []uint64, server string, n int) []uint64 {
	host, port := splitServer(server)
	base := uint32(crc(host + "\x00" + port))
	var before [4]byte
	for range n {
		sum := crc32.Update(base, crc32.IEEETable, before[:])
		dst = append(dst, uint64(sum))
		binary.LittleEndian.PutUint32(before[:], sum)
	}
	return dst
}

// splitServer splits a server as nginx does here: at the last colon, if only
// digits follow it. It keeps brackets and removes "unix:".
func splitServer(server string) (host, port string) {
	const unix = "unix:"
	if len(server) >= len(unix) && strings.EqualFold(server[:len(unix)], unix) {
		return server[len(unix):], ""
	}
	colon := strings.LastIndexByte(server, ':')
	if colon < 0 || strings.Trim(server[colon+1:], "0123456789") != "" {
		return server, ""
	}
	return server[:colon], server[colon+1:]
}
