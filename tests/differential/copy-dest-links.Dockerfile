# row 11: links above a destination are followed
FROM localhost/base
COPY run.sh /bin/run
COPY one.txt /var/run/x/y
COPY one.txt /opt/dir-link/new
COPY one.txt /opt/absolute/sub/
COPY dir /opt/dir-link/sub
COPY dir /sbin/
