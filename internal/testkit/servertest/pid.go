package servertest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
)

// answersAs returns nil if the server at an address is the process that wrote a PID
// file. The server answers question with lines, one of which is prefix and its PID.
func answersAs(ctx context.Context, pidFile, addr, question, prefix string) error {
	want, err := os.ReadFile(pidFile)
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing was written to it
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := fmt.Fprintf(conn, "%s\r\n", question); err != nil {
		return err
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if pid, ok := strings.CutPrefix(lines.Text(), prefix); ok {
			if pid != strings.TrimSpace(string(want)) {
				return fmt.Errorf("%s is process %s", addr, pid)
			}
			return nil
		}
	}
	return fmt.Errorf("%s does not report its process", addr)
}
