# row 48: triggers are kept as text
# format: docker
FROM localhost/base
ONBUILD COPY one.txt /x
ONBUILD RUN echo "a  b" && exit 1
ONBUILD ENV x=$y
