# fails
# row 13: a directory that is a file
FROM localhost/base
COPY --chown=worker:extra one.txt /base-is-read
COPY one.txt /opt/file/x
