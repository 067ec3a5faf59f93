# facts 1.6: ** and order
FROM localhost/base
COPY tree /tree
COPY dir /dir
