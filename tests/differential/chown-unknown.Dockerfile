# fails
# row 17: a name nobody has
FROM localhost/base
COPY --chown=nobody-here one.txt /x
