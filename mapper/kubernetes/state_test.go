package kubernetes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// stateOf returns a state with these objects, each of them JSON.
func stateOf(t testing.TB, c Config, slices, pods []string, set string) *state {
	t.Helper()
	c.Service = "web"
	require.NoError(t, c.check())
	c = c.withDefaults()
	s := newState(&c)
	source := &Source{config: c}
	for i, text := range slices {
		var o sliceObject
		require.NoError(t, json.Unmarshal([]byte(text), &o), text)
		if o.Metadata.Name == "" {
			o.Metadata.Name = fmt.Sprintf("web-%d", i)
		}
		o.Metadata.Labels = map[string]string{serviceLabel: "web"}
		source.slices().keep(s, &o)
	}
	for _, text := range pods {
		var o podObject
		require.NoError(t, json.Unmarshal([]byte(text), &o), text)
		source.pods().keep(s, &o)
	}
	if set != "" {
		var o statefulSetObject
		require.NoError(t, json.Unmarshal([]byte(set), &o), set)
		source.statefulSets().keep(s, &o)
	}
	return s
}

// The beginning of a slice with one port, and an endpoint of a pod.
const onePort = `"addressType":"IPv4","ports":[{"name":"http","port":80}]`

func of(pod, address, conditions string) string {
	return fmt.Sprintf(`{"addresses":[%q],"conditions":{%s},"targetRef":{"kind":"Pod","name":%q},"nodeName":"n-%s","zone":"z1"}`, address, conditions, pod, pod)
}

// text renders nodes as NAME ADDR [WEIGHT] [drain] [ZONE].
func text(nodes []mapper.Node) string {
	var b strings.Builder
	for i, n := range nodes {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(n.Name + " " + n.Addr)
		if n.Weight != 0 {
			fmt.Fprintf(&b, " %g", n.Weight)
		}
		if n.Drain {
			b.WriteString(" drain")
		}
	}
	return b.String()
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	slice := `{` + onePort + `,"endpoints":[` + strings.Join([]string{
		of("a", "10.0.0.1", `"ready":true,"serving":true,"terminating":false`),
		of("b", "10.0.0.2", `"ready":false,"serving":false,"terminating":false`),
		of("c", "10.0.0.3", `"ready":false,"serving":true,"terminating":true`),
		of("d", "10.0.0.4", `"ready":false,"serving":false,"terminating":true`),
		of("e", "10.0.0.5", ``),                                // nothing known counts as ready
		of("f", "10.0.0.6", `"ready":true,"terminating":true`), // publishNotReadyAddresses
	}, ",") + `]}`
	for ready, want := range map[Readiness]string{
		ReadyOnly:    "a 10.0.0.1:80; e 10.0.0.5:80",
		ReadyServing: "a 10.0.0.1:80; c 10.0.0.3:80 drain; e 10.0.0.5:80; f 10.0.0.6:80 drain",
		ReadyAny:     "a 10.0.0.1:80; b 10.0.0.2:80; c 10.0.0.3:80 drain; d 10.0.0.4:80 drain; e 10.0.0.5:80; f 10.0.0.6:80 drain",
	} {
		j, err := stateOf(t, Config{Ready: ready}, []string{slice}, nil, "").join()
		require.NoError(t, err)
		require.Equal(t, want, text(j.nodes), "%s", ready)
		require.Empty(t, j.skipped)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	ready := `"ready":true`
	slice := func(endpoints ...string) string {
		return `{` + onePort + `,"endpoints":[` + strings.Join(endpoints, ",") + `]}`
	}
	cases := map[string]struct {
		config  Config
		slices  []string
		pods    []string
		want    string
		skipped string
		err     string
	}{
		"all slices": {slices: []string{slice(of("b", "10.0.0.2", ready)), slice(of("a", "10.0.0.1", ready))},
			want: "a 10.0.0.1:80; b 10.0.0.2:80"},
		"no slices": {want: ""},
		"IPv4 goes before IPv6": {slices: []string{
			`{"addressType":"IPv6","ports":[{"port":80}],"endpoints":[` + of("a", "2001:DB8::1", ready) + `,` + of("b", "2001:db8::2", ready) + `]}`,
			slice(of("a", "10.0.0.1", ready))},
			want: "a 10.0.0.1:80; b [2001:db8::2]:80"},
		"a pod moves between slices": {slices: []string{
			`{"metadata":{"name":"s1","resourceVersion":"9"},` + onePort + `,"endpoints":[` + of("a", "10.0.0.1", ready) + `]}`,
			`{"metadata":{"name":"s2","resourceVersion":"10"},` + onePort + `,"endpoints":[` + of("a", "10.0.0.1", `"ready":false,"terminating":true`) + `]}`},
			want: ""},
		"several ports": {slices: []string{`{"addressType":"IPv4","ports":[{"name":"http","port":80},{"name":"metrics","port":9090}],"endpoints":[` + of("a", "10.0.0.1", ready) + `]}`},
			err: "the service has several ports, http=80, metrics=9090: choose one"},
		"a port by name": {config: Config{Port: "metrics"}, slices: []string{`{"addressType":"IPv4","ports":[{"name":"http","port":80},{"name":"metrics","port":9090}],"endpoints":[` + of("a", "10.0.0.1", ready) + `]}`},
			want: "a 10.0.0.1:9090"},
		"a port by number": {config: Config{Port: "9090"}, slices: []string{`{"addressType":"IPv4","ports":[{"name":"http","port":80},{"name":"metrics","port":9090}],"endpoints":[` + of("a", "10.0.0.1", ready) + `]}`},
			want: "a 10.0.0.1:9090"},
		"one number by TCP and UDP": {slices: []string{`{"addressType":"IPv4","ports":[{"name":"dns","port":53},{"name":"dns-tcp","port":53}],"endpoints":[` + of("a", "10.0.0.1", ready) + `]}`},
			want: "a 10.0.0.1:53"},
		"no port": {slices: []string{`{"addressType":"IPv4","ports":[],"endpoints":[` + of("a", "10.0.0.1", ready) + `]}`},
			want: "a 10.0.0.1"},
		"a port that no slice has": {config: Config{Port: "grpc"}, slices: []string{slice(of("a", "10.0.0.1", ready))},
			err: `no port "grpc": there are http=80`},
		"a port that one slice lacks": {config: Config{Port: "http"}, slices: []string{slice(of("a", "10.0.0.1", ready)),
			`{"addressType":"IPv4","ports":[{"name":"old","port":81}],"endpoints":[` + of("b", "10.0.0.2", ready) + `]}`},
			want: "a 10.0.0.1:80", skipped: `endpointslice "web-1": no port "http": there are old=81`},
		"no pod": {slices: []string{slice(of("a", "10.0.0.1", ready), `{"addresses":["10.0.0.9"]}`)},
			want: "a 10.0.0.1:80", skipped: `no identity: endpoint "10.0.0.9:80" is of no pod`},
		"addresses": {config: Config{Identity: IdentityAddress}, slices: []string{slice(of("a", "10.0.0.1", ready), `{"addresses":["10.0.0.9"]}`)},
			want: "10.0.0.1:80 10.0.0.1:80; 10.0.0.9:80 10.0.0.9:80"},
		"nodes": {config: Config{Identity: IdentityNode, Ready: ReadyAny}, slices: []string{slice(
			`{"addresses":["10.0.0.1"],"nodeName":"n1","conditions":{"ready":false,"terminating":true},"targetRef":{"kind":"Pod","name":"old"}}`,
			`{"addresses":["10.0.0.2"],"nodeName":"n1","targetRef":{"kind":"Pod","name":"new"}}`,
			`{"addresses":["10.0.0.3"],"targetRef":{"kind":"Pod","name":"lost"}}`)},
			want: "n1 10.0.0.2:80", skipped: `no identity: pod "lost" is on no known node`},
		"labels": {config: Config{Identity: IdentityLabel("shard")}, slices: []string{slice(of("a", "10.0.0.1", ready), of("b", "10.0.0.2", ready), of("c", "10.0.0.3", ready))},
			pods:    []string{`{"metadata":{"name":"a","labels":{"shard":"s7"}}}`, `{"metadata":{"name":"b"}}`},
			want:    "s7 10.0.0.1:80",
			skipped: `pod "c" is not known to the API server, no identity: pod "b" has no label "shard"`},
		"a label twice": {config: Config{Identity: IdentityLabel("shard")}, slices: []string{slice(of("a", "10.0.0.1", ready), of("b", "10.0.0.2", ready))},
			pods: []string{`{"metadata":{"name":"a","labels":{"shard":"s7"}}}`, `{"metadata":{"name":"b","labels":{"shard":"s7"}}}`},
			want: "s7 10.0.0.1:80", skipped: `pod "b" has the name "s7" of pod "a"`},
		"weights": {config: Config{WeightKey: "weight"}, slices: []string{slice(of("a", "10.0.0.1", ready), of("b", "10.0.0.2", ready), of("c", "10.0.0.3", ready), of("d", "10.0.0.4", ready))},
			pods: []string{`{"metadata":{"name":"a","annotations":{"weight":"2.5"},"labels":{"weight":"9"}}}`, `{"metadata":{"name":"b","labels":{"weight":"0"}}}`,
				`{"metadata":{"name":"c"}}`, `{"metadata":{"name":"d","labels":{"weight":"heavy"}}}`},
			want: "a 10.0.0.1:80 2.5; b 10.0.0.2:80 drain; c 10.0.0.3:80", skipped: `pod "d": weight "heavy": want a number from 0 to 1e+200`},
		"an address that is none": {slices: []string{slice(of("a", "10.0.0.1 x", ready))},
			want: "", skipped: "it holds a blank"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, err := stateOf(t, c.config, c.slices, c.pods, "").join()
			if c.err != "" {
				require.ErrorIs(t, err, ErrConfig)
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, text(j.nodes))
			var skipped []string
			for _, err := range j.skipped {
				skipped = append(skipped, err.Error())
			}
			for _, want := range strings.Split(c.skipped, ", no identity") {
				require.Contains(t, strings.Join(skipped, "\n"), want)
			}
			require.Equal(t, c.skipped == "", len(skipped) == 0, "%s", skipped)
		})
	}
}

func TestOrdinals(t *testing.T) {
	t.Parallel()
	slice := `{` + onePort + `,"endpoints":[` + of("db-0", "10.0.0.1", `"ready":true`) + `,` + of("db-2", "10.0.0.3", `"ready":false,"terminating":true`) + `,` + of("other", "10.0.0.9", `"ready":true`) + `]}`
	s := stateOf(t, Config{StatefulSet: "db"}, []string{slice}, nil, `{"metadata":{"name":"db"},"spec":{"replicas":3}}`)
	j, err := s.join()
	require.NoError(t, err)
	require.Equal(t, "db-0 10.0.0.1:80; db-1 ; db-2 10.0.0.3:80", text(j.nodes))
	require.Equal(t, stateAbsent, j.nodes[1].Meta[MetaState])

	clear(s.slices)
	j, err = s.join()
	require.NoError(t, err)
	require.Equal(t, "db-0 ; db-1 ; db-2 ", text(j.nodes), "every place stays")
	require.Equal(t, "z1", j.nodes[0].Zone, "and its zone")

	s = stateOf(t, Config{StatefulSet: "db"}, nil, nil, `{"metadata":{"name":"db"},"spec":{"replicas":2,"ordinals":{"start":10}}}`)
	j, err = s.join()
	require.NoError(t, err)
	require.Equal(t, "db-10 ; db-11 ", text(j.nodes))

	s.ordinals = nil
	_, err = s.join()
	require.ErrorIs(t, err, ErrNotFound)
	s = stateOf(t, Config{StatefulSet: "db"}, nil, nil, `{"metadata":{"name":"db"},"spec":{"replicas":2147483647}}`)
	require.Equal(t, maxOrdinals, s.ordinals.count)
}

func TestMeta(t *testing.T) {
	t.Parallel()
	j, err := stateOf(t, Config{}, []string{`{` + onePort + `,"endpoints":[` + of("a", "10.0.0.1", `"ready":true`) + `]}`}, nil, "").join()
	require.NoError(t, err)
	require.Equal(t, []mapper.Node{{Name: "a", Addr: "10.0.0.1:80", Zone: "z1", Meta: map[string]string{
		MetaService: "web", MetaPod: "a", MetaNode: "n-a", MetaState: "ready",
	}}}, j.nodes)
}
