# facts 1.4: proxies need no ARG and leave nothing
# options: --build-arg http_proxy=http://127.0.0.1:9 --build-arg NO_PROXY=x
FROM localhost/base
RUN echo "$http_proxy|$NO_PROXY" >/proxy
