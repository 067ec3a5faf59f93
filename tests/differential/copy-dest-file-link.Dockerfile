# row 12: the destination is a link to a file
FROM localhost/base
COPY one.txt /bin/base-is-read
COPY one.txt /opt/link
