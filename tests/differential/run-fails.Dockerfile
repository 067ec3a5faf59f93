# fails
# row 62: a command that fails
FROM localhost/base
RUN exit 7
