# row 12: the destination is a link to a file
FROM localhost/base
COPY --chown=worker:extra one.txt /base-is-read
COPY one.txt /opt/link
