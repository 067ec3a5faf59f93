# row 23: a directory where the base has a file, a file where it has a directory
FROM localhost/base
ADD archives/directories.tar /
COPY one.txt /opt/file/
RUN ls -ld /opt/file /usr/share/doc >/dev/null
