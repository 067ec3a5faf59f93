# row 6: a pattern without a match copies nothing
FROM localhost/base
COPY nope* /x
