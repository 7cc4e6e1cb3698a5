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

// Answer answers a browser with the page, and everybody else with data as
// JSON. With ?refresh=0 the page does not renew itself.
func (l *Live) Answer(w http.ResponseWriter, r *http.Request, data any) {
	if !WantsHTML(r) {
		WriteJSON(w, data)
		return
	}
	var page bytes.Buffer
	if err := l.draw(&page, r.URL.Query().Get("refresh") == "0"); err != nil {
		http.Error(w, "the page cannot be drawn: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes())
}

// WantsHTML reports whether a browser asks.
func WantsHTML(r *http.Request) bool { return accepts(r, "text/html") }

// WantsJSON reports whether JSON is asked for by name, and no page.
func WantsJSON(r *http.Request) bool { return accepts(r, "application/json") && !WantsHTML(r) }

func accepts(r *http.Request, kind string) bool {
	named := strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",")
	return slices.ContainsFunc(named, func(one string) bool {
		one, _, _ = strings.Cut(one, ";")
		return strings.EqualFold(strings.TrimSpace(one), kind)
	})
}

// WriteJSON answers with a value as JSON.
func WriteJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// Guard refuses requests to a handler that listens on addr which a page of
// somebody else made a browser send: on loopback only names of loopback are
// answered to, whatever a DNS server says, and no other origin is. It also
// tells browsers to load, run, frame and keep nothing.
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
			http.Error(w, "this page is served to its own address only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// OnLoopback reports whether the host of a host:port, or a host alone, is this
// machine's own loopback.
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
