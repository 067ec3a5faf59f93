# rows 15 18: --chmod and directories
FROM localhost/base
COPY --chmod=640 one.txt /m/deep/f
COPY --chmod=0751 dir /tree
COPY --chmod=4755 run.sh /suid
COPY --chmod=1777 dir/empty /sticky
