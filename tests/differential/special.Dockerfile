# row 26: FIFOs and sockets
FROM localhost/base
COPY special /special
RUN mkfifo -m 620 /made
