package nodelist

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Check returns what is wrong with a node, which a list could not hold.
func Check(n Node) error { return checkNode(n) }

// checkNode returns what is wrong with a node.
func checkNode(n Node) error {
	for _, check := range []func(Node) error{checkID, checkAddr, checkWeight, checkZone, checkDomain, checkTags, checkMeta} {
		if err := check(n); err != nil {
			return err
		}
	}
	return nil
}

func checkID(n Node) error {
	if n.Name == "" {
		return errors.New("the ID is empty: every node needs one")
	}
	if err := checkText("ID", n.Name); err != nil {
		return err
	}
	// An ID is any text. One that is an IP address with a port is meant to be an
	// address too, and a typing error in it would not be found elsewhere.
	host, port, err := net.SplitHostPort(n.Name)
	if err != nil || port == "0" {
		return nil
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return nil
	}
	return checkPort("ID", n.Name, port)
}

func checkAddr(n Node) error {
	if n.Addr == "" {
		return nil
	}
	if err := checkText("address", n.Addr); err != nil {
		return err
	}
	if strings.ContainsAny(n.Addr, " ") {
		return fmt.Errorf("address %s: it holds a blank", Quote(n.Addr))
	}
	if path, ok := strings.CutPrefix(n.Addr, "unix:"); ok {
		return checkSocket(n.Addr, path)
	}
	host, port, err := net.SplitHostPort(n.Addr)
	if err != nil {
		return checkHost(n.Addr)
	}
	if host == "" {
		return fmt.Errorf("address %s: the host is missing before the port", Quote(n.Addr))
	}
	return checkPort("address", n.Addr, port)
}

// checkSocket rejects a Unix socket without an absolute path: the node and its
// clients run in different directories.
func checkSocket(addr, path string) error {
	if !strings.HasPrefix(path, "/") {
		return fmt.Errorf("address %s: want an absolute path after unix:, as in unix:/run/web.sock", Quote(addr))
	}
	return nil
}

// checkHost takes an address without a port.
func checkHost(addr string) error {
	inner, bracketed := strings.CutPrefix(addr, "[")
	if bracketed {
		inner, bracketed = strings.CutSuffix(inner, "]")
	}
	if bracketed {
		if _, err := netip.ParseAddr(inner); err == nil {
			return nil
		}
	}
	if strings.ContainsAny(addr, ":[]") {
		return fmt.Errorf("address %s: want host:port or a host alone, with an IPv6 host in brackets, as in [::1]:80", Quote(addr))
	}
	return nil
}

func checkPort(what, whole, port string) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return fmt.Errorf("%s %s: port %s must be a number from 1 to 65535", what, Quote(whole), Quote(port))
	}
	return nil
}

func checkWeight(n Node) error {
	if !isWeight(n.Weight) {
		return weightError(fmt.Sprint(n.Weight))
	}
	return nil
}

func isWeight(w float64) bool { return w >= 0 && w <= MaxWeight } // false for NaN

func weightError(typed string) error {
	return fmt.Errorf("weight %s: must be a number from 0 to %g (1 is usual, 0 drains the node)", Quote(typed), float64(MaxWeight))
}

// setWeight reads a weight. Zero drains the node, because zero in Node.Weight
// means "not given".
func setWeight(n *Node, typed string) error {
	w, err := strconv.ParseFloat(typed, 64)
	if err != nil || !isWeight(w) {
		return weightError(typed)
	}
	if w == 0 {
		if strings.Trim(typed, "+-0.") != "" {
			return fmt.Errorf("weight %s: too small to tell from 0; write 0 to drain the node", Quote(typed))
		}
		n.Drain = true
	}
	n.Weight = math.Abs(w) // no negative zero
	return nil
}

func checkZone(n Node) error { return checkText("zone", n.Zone) }

// checkDomain rejects a path that has no name for a level.
func checkDomain(n Node) error {
	if n.Domain != "" && slices.Contains(strings.Split(n.Domain, "/"), "") {
		return fmt.Errorf("domain %s: want names with single slashes between them, as in eu/eu-1/r07", Quote(n.Domain))
	}
	return checkText("domain", n.Domain)
}

// Domain returns text if it is a path of failure domains, and otherwise "". It is for
// metadata that may have another meaning.
func Domain(text string) string {
	if checkDomain(Node{Domain: text}) != nil {
		return ""
	}
	return text
}

func checkTags(n Node) error {
	for _, tag := range n.Tags {
		if err := checkText("tag", tag); err != nil {
			return err
		}
	}
	return nil
}

func checkMeta(n Node) error {
	for key, value := range n.Meta {
		if key == "" {
			return fmt.Errorf("metadata %s: the key is empty", Quote(value))
		}
		if err := checkText("metadata key", key); err != nil {
			return err
		}
		if !utf8.ValidString(value) {
			return fmt.Errorf("metadata %s: the value %s is not valid UTF-8", Quote(key), Quote(value))
		}
	}
	return nil
}

// checkText rejects text that no name, address, zone or tag may hold.
func checkText(what, s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s %s: not valid UTF-8", what, Quote(s))
	}
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return fmt.Errorf("%s %s: holds the control character %U", what, Quote(s), r)
	}
	return nil
}
