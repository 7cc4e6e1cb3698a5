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
// rejects requests with a foreign Origin header and, if addr is on loopback,
// requests whose Host is not a loopback name, which defeats DNS rebinding. Its
// response headers forbid browsers to load resources, run scripts, frame the
// page or cache it.
func Guard(addr string, next http.Handler) http.Handler {
	local := OnLoopback(addr)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", livePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		origin := r.Header.Get("Origin")
		if local && !OnLoopback(r.Host) || origin != "" && origin != "http://"+r.Host {
			http.Error(w, "cross-origin request rejected", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// OnLoopback reports whether the host of hostPort, which may lack a port, is
// localhost or a loopback IP address.
func OnLoopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = strings.Trim(hostPort, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
