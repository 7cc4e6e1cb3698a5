package rpc

import (
	"testing"

	"github.com/proxenos/proxenos/internal/testkit/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
