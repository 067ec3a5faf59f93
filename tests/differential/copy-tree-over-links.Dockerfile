# row 13: a directory of the tree where the base has a link to one
FROM localhost/base
COPY rootlike /
