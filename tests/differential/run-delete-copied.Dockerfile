# row 52: what an own step made
FROM localhost/base
COPY dir /tree
RUN rm -r /tree/sub && mv /tree/a /tree/moved && rm /tree/up
COPY dir/sub /tree/sub
RUN rm -r /tree && mkdir /tree
COPY one.txt /tree/
