# fails
# row 13: a directory over a file
FROM localhost/base
COPY one.txt /bin/base-is-read
COPY dir /opt/file
