package prometheus_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// TestMetricsOfServe reads the /metrics of `proxenos serve` by the parser of
// Prometheus, and checks them by its rules for names, units and help texts.
func TestMetricsOfServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "proxenos")
	out, err := exec.Command("go", "-C", filepath.Join("..", "..", ".."), "build", "-o", program, "./cmd/proxenos").CombinedOutput()
	require.NoError(t, err, "%s", out)
	config := filepath.Join(dir, "sets.yaml")
	require.NoError(t, os.WriteFile(config, []byte("sets:\n  web: {node: [a, b, c=10.0.0.1:80], algorithm: ketama}\n  none: {nodes-file: missing.txt}\n"), 0o600))
	text, kind := metricsOf(t, program, config)

	require.Equal(t, expfmt.TypeTextPlain, expfmt.Format(kind).FormatType())
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	kinds := map[string]dto.MetricType{}
	for name, f := range families {
		kinds[name] = f.GetType()
		require.NotEmpty(t, f.GetHelp(), name)
	}
	const gauge, counter = dto.MetricType_GAUGE, dto.MetricType_COUNTER
	require.Equal(t, map[string]dto.MetricType{
		"proxenos_placement_info": gauge, "proxenos_nodes": gauge, "proxenos_eligible_nodes": gauge, "proxenos_skipped_records": gauge,
		"proxenos_age_seconds": gauge, "proxenos_source_up": gauge, "proxenos_ready": gauge, "proxenos_changes_total": counter,
		"proxenos_last_change_moved_ratio": gauge, "proxenos_lookups_total": counter, "proxenos_connections": gauge, "proxenos_build_info": gauge,
	}, kinds)
	web, none := bySet(t, families["proxenos_nodes"])
	require.Equal(t, []float64{3, 0}, []float64{web.GetGauge().GetValue(), none.GetGauge().GetValue()})
	up, down := bySet(t, families["proxenos_source_up"])
	require.Equal(t, []float64{1, 0}, []float64{up.GetGauge().GetValue(), down.GetGauge().GetValue()})
	placed, _ := bySet(t, families["proxenos_placement_info"])
	labels := map[string]string{}
	for _, l := range placed.GetLabel() {
		labels[l.GetName()] = l.GetValue()
	}
	require.Regexp(t, "^[0-9a-f]{16}$", labels["checksum"])
	require.Equal(t, "ketama", labels["algorithm"])
}

// bySet returns the metrics of the sets web and none.
func bySet(t *testing.T, f *dto.MetricFamily) (web, none *dto.Metric) {
	t.Helper()
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			switch {
			case l.GetName() == "set" && l.GetValue() == "web":
				web = m
			case l.GetName() == "set" && l.GetValue() == "none":
				none = m
			}
		}
	}
	require.NotNil(t, web)
	require.NotNil(t, none)
	return web, none
}

// metricsOf runs the server until it serves the set web, and returns its metrics and
// their media type.
func metricsOf(t *testing.T, program, config string) (text, kind string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	server := exec.CommandContext(ctx, program, "serve", "--config", config, "--http", "127.0.0.1:0")
	messages, err := server.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	lines := bufio.NewScanner(messages)
	t.Cleanup(func() {
		cancel()
		for lines.Scan() {
			continue
		}
		_ = server.Wait()
	})
	url := ""
	for url == "" && lines.Scan() {
		if found, ok := strings.CutPrefix(lines.Text(), "proxenos: serving on "); ok {
			url = found
		}
	}
	require.NotEmpty(t, url, "the server ended")
	require.Eventually(t, func() bool {
		answer, err := http.Get(url + "metrics")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		text, kind = string(body), answer.Header.Get("Content-Type")
		return err == nil && strings.Contains(text, `proxenos_ready{set="web"} 1`)
	}, time.Minute, 10*time.Millisecond)
	return text, kind
}
