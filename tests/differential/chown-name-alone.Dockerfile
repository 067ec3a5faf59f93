# row 17: a user name alone brings its group
FROM localhost/base
COPY --chown=odd one.txt /x
