package term

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFill(t *testing.T) {
	t.Parallel()
	const text = `A paragraph that is filled to the width of the source, which is about
eighty columns, and goes on.
A new line.

65  no nodes
  an indented line stays as it is, unless the terminal is narrow
  --flag   what it does, in a second column of the help`
	assert.Equal(t, `A paragraph that is filled to the width
of the source, which is about eighty
columns, and goes on.
A new line.

65  no nodes
  an indented line stays as it is,
  unless the terminal is narrow
  --flag   what it does, in a second
           column of the help`, fill(text, 40))
	assert.Equal(t, "A paragraph that is filled to the width of the source, which is about eighty columns, and goes on.",
		fill("A paragraph that is filled to the width of the source, which is about\neighty columns, and goes on.", 120))
	assert.Equal(t, "unbreakable", fill("unbreakable", 4))
}
