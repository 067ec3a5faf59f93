# row 46: what is written to a volume later is kept
FROM localhost/base
RUN mkdir /data && echo before >/data/before
VOLUME /data
RUN echo after >/data/after
COPY one.txt /data/copied
