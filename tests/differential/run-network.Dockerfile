# facts 1.1: --network=none, which buildah 1.28 has not
FROM localhost/base
RUN --network=none tail -n +3 /proc/net/dev | cut -d : -f 1 | grep -v 'tunl\|sit\|ip6\|gre' >/net
