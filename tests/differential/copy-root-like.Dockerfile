# rows 11 13 14: a tree over the root, whose directories are links in the base
FROM localhost/base
COPY rootlike/opt rootlike/usr /
COPY rootlike/opt /opt
COPY rootlike/usr/share /usr/share/
