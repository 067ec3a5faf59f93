# rows 12 25: over a file; the other name of a hard link keeps the old content
FROM localhost/base
COPY one.txt /bin/base-is-read
COPY two.txt /opt/file
