// Package nonblock holds the flag that opens a named pipe without waiting for its
// writer, so that no path can block a program.
package nonblock
