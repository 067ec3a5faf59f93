# row 31: a directory WORKDIR makes is the user's
FROM localhost/base
USER worker
WORKDIR /made/by/user
RUN id -u >/tmp/id
