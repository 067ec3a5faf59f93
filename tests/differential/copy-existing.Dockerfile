# row 14: what is there keeps its mode and owner, what is copied over it does not
FROM localhost/base
COPY one.txt /bin/base-is-read
COPY dir /opt/dir
COPY dir /tmp
COPY one.txt /root/
COPY one.txt /home/worker/
