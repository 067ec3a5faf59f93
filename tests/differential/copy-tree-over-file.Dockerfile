# fails
# row 13: a directory over a file
FROM localhost/base
COPY dir /opt/file
