# row 48: triggers run in the child and are gone there
# format: docker
FROM localhost/onbuild
COPY two.txt /after
