# row 48: triggers as they are written
# format: docker
FROM localhost/base
ONBUILD   COPY   --chown=1:2   "one.txt"   /x
ONBUILD RUN echo "a  b" && \
    echo 'c'
onbuild env A=$B C="d e"
ONBUILD CMD ["x", "y"]
ONBUILD ENTRYPOINT sh -c
ONBUILD LABEL a="b c"
