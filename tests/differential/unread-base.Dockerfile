# rows 3 13 14: ADR 0006, a base nobody reads
FROM localhost/base
COPY one.txt /opt/dir
COPY dir /tmp
COPY one.txt /home/worker/
COPY one.txt /usr/share/
