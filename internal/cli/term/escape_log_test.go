package term

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTame(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"an ordinary name", "web-1.example.com:80", "web-1.example.com:80"},
		{"a command of GitHub's", "::error::x", `\x3a:error::x`},
		{"a command behind blanks", "  ::error::x", `  \x3a:error::x`},
		{"a command in the middle is none", "a::error::x", "a::error::x"},
		{"an IPv6 address", "::1", "::1"},
		{"an IPv4 address in IPv6", "::ffff:10.0.0.1", "::ffff:10.0.0.1"},
		{"a command that begins like an address", "::add-mask::x", `\x3a:add-mask::x`},
		{"a command of Azure's", "x ##vso[task.setvariable]y", `x \x23#vso[task.setvariable]y`},
		{"an escape", "\x1b[31mred\r\n", `\x1b[31mred\r\n`},
		{"an override of direction", "a\u202eb", `a\u202eb`},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, Escape(c.in))
			assert.Equal(t, c.want, Escape(Escape(c.in)), "twice is once")
		})
	}
}
