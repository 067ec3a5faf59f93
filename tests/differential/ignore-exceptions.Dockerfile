# row 75: exceptions below exceptions, and two stars
FROM localhost/base
COPY . /all
COPY tree /tree
