# facts 1.1: --network=none
FROM localhost/base
RUN --network=none ls /sys/class/net | grep -v '^tunl\|^sit\|^ip6\|^gre\|^erspan\|^dummy\|^bond' >/net
