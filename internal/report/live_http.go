package report

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Answer responds with the page if the request accepts HTML, and otherwise with
// data as JSON. With ?refresh=0 the page does not refresh itself.
func (l *Live) Answer(w http.ResponseWriter, r *http.Request, data any) {
	if !WantsHTML(r) {
		WriteJSON(w, data)
		return
	}
	var page bytes.Buffer
	if err := l.draw(&page, r.URL.Query().Get("refresh") == "0"); err != nil {
		http.Error(w, "rendering the page failed: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes())
}

// WantsHTML reports whether the request names HTML in its Accept header, as
// browsers do.
func WantsHTML(r *http.Request) bool { return accepts(r, "text/html") }

// WantsJSON reports whether the request names JSON but not HTML in its Accept
// header.
func WantsJSON(r *http.Request) bool { return accepts(r, "application/json") && !WantsHTML(r) }

func accepts(r *http.Request, kind string) bool {
	if len(r.Header["Accept"]) == 0 {
		return false
	}
	named := strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",")
	return slices.ContainsFunc(named, func(one string) bool {
		one, _, _ = strings.Cut(one, ";")
		return strings.EqualFold(strings.TrimSpace(one), kind)
	})
}

// WriteJSON responds with v as JSON.
func WriteJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// Guard protects next, which is served on addr, from cross-site requests. It
// rejects requests with a foreign Origin header, and requests whose Host is a name
// that an attacker's DNS can point at this server. If addr is on loopback, Host
// must be a loopback name. Otherwise it must be an IP address, a loopback name or
// one of the names, which are hosts with or without a port. Its response headers
// forbid browsers to load resources, run scripts, frame the page or cache it.
func Guard(addr string, next http.Handler, names ...string) http.Handler {
	local := OnLoopback(addr)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, fixed := range guardHeaders {
			h[fixed.name] = fixed.value
		}
		if !isOwnHost(r.Host, local, names) {
			http.Error(w, "cross-origin request rejected: the Host header is not an address of this server", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && origin != originOf(r) {
			http.Error(w, "cross-origin request rejected", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guardHeaders are the headers of all responses, in the form of [http.Header]. They
// are shared, which saves an allocation each.
var guardHeaders = []struct {
	name  string
	value []string
}{
	{"Content-Security-Policy", []string{livePolicy}},
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"Cache-Control", []string{"no-store"}},
}

// originOf returns the origin of the pages at the address of a request.
func originOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// isOwnHost reports whether no name of the DNS but the given ones can be the host.
func isOwnHost(hostPort string, local bool, names []string) bool {
	host := hostOf(hostPort)
	if OnLoopback(hostPort) || slices.ContainsFunc(names, func(name string) bool {
		return host != "" && strings.EqualFold(hostOf(name), host)
	}) {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil && !local
}

// hostOf returns the host of hostPort, which may lack a port.
func hostOf(hostPort string) string {
	if !strings.Contains(hostPort, ":") {
		return hostPort
	}
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return strings.Trim(hostPort, "[]")
	}
	return host
}

// OnLoopback reports whether the host of hostPort, which may lack a port, is
// localhost or a loopback IP address.
func OnLoopback(hostPort string) bool {
	host := hostOf(hostPort)
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
