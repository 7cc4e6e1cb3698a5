package kv

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A record of the data file has the layout
//
//	clock 8 | deleted 1 | length of writer 2 | writer | value | checksum 4
//
// in bytes, with big-endian numbers. Its key is the bucket in one byte followed
// by the key. The checksum, CRC-32C, covers key and record.

const recordHead = 8 + 1 + 2

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func recordKey(key string) []byte {
	return append([]byte{byte(Bucket(key))}, key...)
}

func encode(e Entry) []byte {
	b := make([]byte, 0, recordHead+len(e.Writer)+len(e.Value)+4)
	b = binary.BigEndian.AppendUint64(b, e.Clock)
	b = append(b, 0)
	if e.Deleted {
		b[8] = 1
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.Writer)))
	b = append(b, e.Writer...)
	b = append(b, e.Value...)
	return binary.BigEndian.AppendUint32(b, checksum(recordKey(e.Key), b))
}

func checksum(key, record []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, record)
}

// decode returns the entry in a record. The value aliases the record.
func decode(key, record []byte) (Entry, error) {
	if len(key) == 0 || len(record) < recordHead+4 {
		return Entry{}, fmt.Errorf("%w: the record of %q is too short", ErrCorrupt, key)
	}
	body, sum := record[:len(record)-4], binary.BigEndian.Uint32(record[len(record)-4:])
	if checksum(key, body) != sum {
		return Entry{}, fmt.Errorf("%w: the checksum of the record of %q does not match", ErrCorrupt, key)
	}
	writer := int(binary.BigEndian.Uint16(body[9:]))
	if len(body) < recordHead+writer || body[8] > 1 || int(key[0]) != Bucket(string(key[1:])) {
		return Entry{}, fmt.Errorf("%w: the record of %q is malformed", ErrCorrupt, key)
	}
	return Entry{
		Version: Version{
			Key:     string(key[1:]),
			Deleted: body[8] == 1,
			Timestamp: Timestamp{
				Clock:  binary.BigEndian.Uint64(body),
				Writer: string(body[recordHead : recordHead+writer]),
			},
		},
		Value: body[recordHead+writer:],
	}, nil
}
