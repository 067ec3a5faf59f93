# row 17: names and numbers
FROM localhost/base
COPY --chown=5 one.txt /number
COPY --chown=5:6 one.txt /numbers
COPY --chown=:6 one.txt /group-alone
COPY --chown=worker:extra one.txt /both
COPY --chown=worker:55 one.txt /mixed
COPY --chown=9:extra one.txt /mixed2
COPY --chown=odd:sys dir /tree
COPY --chown=2147483647:2000000000 one.txt /large
