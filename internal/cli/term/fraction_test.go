package term

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseFraction(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed string
		want  float64
		err   string
	}{
		{typed: "12%", want: 0.12},
		{typed: "12.5 %", want: 0.125},
		{typed: "0.12", want: 0.12},
		{typed: "0", want: 0},
		{typed: "1", want: 1},
		{typed: "100%", want: 1},
		{typed: "12", err: "did you mean 12%?"},
		{typed: "101%", err: "must be at most 100%"},
		{typed: "-1%", err: "must not be below 0"},
		{typed: "NaN", err: "must be a percentage like 12% or a number from 0 to 1"},
		{typed: "", err: "must be a percentage like 12% or a number from 0 to 1"},
		{typed: "%", err: "must be a percentage like 12% or a number from 0 to 1"},
	} {
		t.Run(c.typed, func(t *testing.T) {
			x, err := parseFraction(c.typed)
			if c.err != "" {
				assert.ErrorContains(t, err, c.err)
				return
			}
			assert.NoError(t, err)
			assert.InDelta(t, c.want, x, 1e-15)
		})
	}
}
