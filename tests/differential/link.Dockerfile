# row 11: --link follows nothing; otherwise as without
FROM localhost/base
COPY --link one.txt /plain/one
COPY --link dir /plain/tree
