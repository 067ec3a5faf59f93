# fails
# row 13: a directory over a file
FROM localhost/base
COPY --chown=worker:extra one.txt /base-is-read
COPY dir /opt/file
