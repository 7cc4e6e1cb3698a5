<?php
// usage: php owners.php; see clients_test.go. A set-up is a modulo or a ketama.
$m = null;
while (($line = fgets(STDIN)) !== false) {
    $fields = explode("\t", rtrim($line, "\n"));
    switch ($fields[0]) {
        case 'setup':
            $m = new Memcached();
            switch ($fields[1]) {
                case 'ketama':
                    $m->setOption(Memcached::OPT_DISTRIBUTION, Memcached::DISTRIBUTION_CONSISTENT);
                    break;
                case 'ketama-md5':
                    $m->setOption(Memcached::OPT_HASH, Memcached::HASH_MD5);
                    $m->setOption(Memcached::OPT_DISTRIBUTION, Memcached::DISTRIBUTION_CONSISTENT);
                    break;
                case 'ketama-weighted':
                    $m->setOption(Memcached::OPT_LIBKETAMA_COMPATIBLE, true);
                    break;
            }
            break;
        case 'server':
            [$host, $port] = explode(':', $fields[1]);
            $m->addServer($host, (int) $port, (int) $fields[2]);
            break;
        case 'key':
            $server = $m->getServerByKey($fields[1]);
            echo $server['host'], ':', $server['port'], "\n";
    }
}
