package rendezvous

// Pairwise makes a Scorer of a function that scores one node for one key, to
// agree with programs that hash the two together. The scores are taken as they
// are: nothing is finalized, so a function whose results do not fill 64 bits
// evenly should shift them up, and one that is weak shares keys badly.
//
// Every lookup calls the function once for each node, so it costs more than
// the package's own formula, which hashes the key once. It is called by many
// goroutines at once and must not keep its arguments. New calls it too, with
// keys of its own, to tell placements apart in Checksum.
func Pairwise(score func(id, key string) uint64) Scorer {
	return func(ids []string) (func(scores []uint64, key string), error) {
		if score == nil {
			return nil, ErrNoScore
		}
		return func(scores []uint64, key string) {
			for i, id := range ids {
				scores[i] = score(id, key)
			}
		}, nil
	}
}
