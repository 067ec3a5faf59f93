# rows 45 69: the other members
FROM localhost/base
ENV PORT=9000
EXPOSE 80 443/TCP 53/udp $PORT
EXPOSE 8000-8003
VOLUME ["/data", "/with space"]
VOLUME /one /two
LABEL one=1 "two words"="a \"quoted\" value" dotted.key=x
LABEL one=2 empty=
STOPSIGNAL SIGINT
USER worker:extra
MAINTAINER Some One <some@example.com>
