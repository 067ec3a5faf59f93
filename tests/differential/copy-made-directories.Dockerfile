# row 15: directories made on the way
FROM localhost/base
COPY one.txt /p/q/r/f
COPY dir /p2/q2/
COPY --chown=10:20 one.txt /owned/deep/f
COPY --chown=10:20 dir /owned2/deep
