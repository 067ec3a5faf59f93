# rows 31 32: WORKDIR
FROM localhost/base
ENV D=deep
ARG A=arg
WORKDIR /very/$D
WORKDIR rel/${A}/
COPY one.txt .
WORKDIR ../up/./x
RUN pwd >where
WORKDIR /opt/dir
WORKDIR /bin
