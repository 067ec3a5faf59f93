# rows 1 2 3 4 8: names of sources and destinations
FROM localhost/base
COPY one.txt /bin/base-is-read
COPY dir /x
COPY dir/ /slash
COPY one.txt /file
COPY one.txt /into/
COPY one.txt /opt/dir
COPY ../one.txt /cleaned
COPY /two.txt /rooted
COPY ./dir/../two.txt /dotted
WORKDIR /work
COPY one.txt .
COPY two.txt ./
COPY run.sh sub/
COPY one.txt ../up
COPY ["one.txt", "/with space"]
COPY dir/empty /empty
