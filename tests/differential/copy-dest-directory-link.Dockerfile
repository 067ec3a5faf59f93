# row 11: the destination itself is a link to a directory
FROM localhost/base
COPY one.txt /bin/base-is-read
COPY one.txt /opt/dir-link
COPY dir /opt/absolute
COPY one.txt two.txt /opt/dir-link/
