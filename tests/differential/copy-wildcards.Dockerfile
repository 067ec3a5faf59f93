# rows 5 7 29: wildcards, many sources, directories among the hits
FROM localhost/base
COPY one.txt /bin/base-is-read
COPY *.txt /txt/
COPY d?r /contents/
COPY tree/x[12] /class/
COPY tree/x[!1] /not/
COPY tree/*/*.py /level/
COPY one.txt two.txt run.sh /many/
COPY one.txt dir /mixed/
COPY tree/k* tree/x* /opt/dir/
COPY one.t* /single
