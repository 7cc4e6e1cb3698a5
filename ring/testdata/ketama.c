/* Asks libmemcached which server owns each key on standard input, one a line,
 * and prints the server's index, one a line.
 *
 *   ketama MODE HASH HOST PORT WEIGHT [HOST PORT WEIGHT]...
 *
 * MODE is ketama, ketama-weighted, ketama-weighted-late or ketama-spy. HASH is
 * "default", which leaves libmemcached's own choice, one_at_a_time, md5, crc,
 * fnv1_64, fnv1a_64, fnv1_32 or fnv1a_32.
 */
#define _GNU_SOURCE
#include <libmemcached/memcached.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(memcached_return_t rc, const char *what)
{
  if (rc == MEMCACHED_SUCCESS) return;
  fprintf(stderr, "%s: %s\n", what, memcached_strerror(NULL, rc));
  exit(1);
}

static void behave(memcached_st *m, memcached_behavior_t behavior, uint64_t value, const char *what)
{
  check(memcached_behavior_set(m, behavior, value), what);
}

static void set_mode(memcached_st *m, const char *mode)
{
  if (strcmp(mode, "ketama") == 0) {
    behave(m, MEMCACHED_BEHAVIOR_KETAMA, 1, mode);
    return;
  }
  behave(m, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1, mode);
  if (strcmp(mode, "ketama-spy") == 0)
    check(memcached_behavior_set_distribution(m, MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY), mode);
}

static void set_hash(memcached_st *m, const char *hash)
{
  static const struct { const char *name; memcached_hash_t hash; } known[] = {
    { "one_at_a_time", MEMCACHED_HASH_DEFAULT }, { "md5", MEMCACHED_HASH_MD5 }, { "crc", MEMCACHED_HASH_CRC },
    { "fnv1_64", MEMCACHED_HASH_FNV1_64 }, { "fnv1a_64", MEMCACHED_HASH_FNV1A_64 },
    { "fnv1_32", MEMCACHED_HASH_FNV1_32 }, { "fnv1a_32", MEMCACHED_HASH_FNV1A_32 },
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(hash, known[i].name) == 0) behave(m, MEMCACHED_BEHAVIOR_HASH, known[i].hash, hash);
}

static void add_servers(memcached_st *m, int argc, char **argv)
{
  for (int i = 0; i + 2 < argc; i += 3) {
    uint32_t weight = (uint32_t)strtoul(argv[i + 2], NULL, 10);
    if (argv[i][0] == '/')
      check(memcached_server_add_unix_socket_with_weight(m, argv[i], weight), argv[i]);
    else
      check(memcached_server_add_with_weight(m, argv[i], (in_port_t)atoi(argv[i + 1]), weight), argv[i]);
  }
}

int main(int argc, char **argv)
{
  if (argc < 6) return 2;
  int late = strcmp(argv[1], "ketama-weighted-late") == 0;
  memcached_st *m = memcached_create(NULL);
  if (!late) set_mode(m, argv[1]);
  set_hash(m, argv[2]);
  add_servers(m, argc - 3, argv + 3);
  if (late) set_mode(m, argv[1]);

  char *line = NULL;
  size_t size = 0;
  ssize_t length;
  while ((length = getline(&line, &size, stdin)) > 0) {
    if (line[length - 1] == '\n') length--;
    printf("%u\n", memcached_generate_hash(m, line, (size_t)length));
  }
  free(line);
  memcached_free(m);
  return 0;
}
