# rows 11 31 32: WORKDIR through links, and what is copied into it
FROM localhost/base
WORKDIR /var/run/app
COPY one.txt .
WORKDIR ../other
COPY one.txt ./
WORKDIR /opt/dir-link/new
COPY dir .
RUN pwd >where
WORKDIR /bin
COPY one.txt ./extra
ENV D=/opt/absolute
WORKDIR $D/sub/../sub2/
RUN pwd >where && ls / >listing
