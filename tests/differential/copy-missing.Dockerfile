# fails
# row 6: a plain name that is not there
FROM localhost/base
COPY nope /x
