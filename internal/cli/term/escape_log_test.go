package term

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"an ordinary name", "web-1.example.com:80", "web-1.example.com:80"},
		{"a GitHub command", "::error::x", `\x3a:error::x`},
		{"a command after spaces", "  ::error::x", `  \x3a:error::x`},
		{"a command inside a line is text", "a::error::x", "a::error::x"},
		{"an IPv6 address", "::1", "::1"},
		{"an IPv4 address in IPv6", "::ffff:10.0.0.1", "::ffff:10.0.0.1"},
		{"a command that starts like an address", "::add-mask::x", `\x3a:add-mask::x`},
		{"an Azure command", "x ##vso[task.setvariable]y", `x \x23#vso[task.setvariable]y`},
		{"an escape sequence", "\x1b[31mred\r\n", `\x1b[31mred\r\n`},
		{"a direction override", "a\u202eb", `a\u202eb`},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, Escape(c.in))
			assert.Equal(t, c.want, Escape(Escape(c.in)), "idempotent")
		})
	}
}
