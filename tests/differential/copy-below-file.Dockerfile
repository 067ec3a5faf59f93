# fails
# row 13: a directory that is a file
FROM localhost/base
COPY one.txt /bin/base-is-read
COPY one.txt /opt/file/x
