package rendezvous

// Pairwise returns a [Scorer] for a function that scores one node for one key, to
// agree with programs that hash the two together. Scores are not finalized: a
// function of fewer than 64 bits should shift its results up, and a weak one
// distributes keys unevenly.
//
// Every lookup calls score once for each node, which costs more than the score
// of this package. score must be safe for concurrent use and must not keep its
// arguments. New calls it too, with fixed keys, for the checksum.
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
