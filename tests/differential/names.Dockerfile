# rows 76 77: names that are long, odd or no UTF-8; sparse files
FROM localhost/base
COPY names /names
COPY sparse /sparse
COPY ["names/with space", "/spaced"]
