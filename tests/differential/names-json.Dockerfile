# rows 3 5 76: names with blanks and brackets in the JSON form
FROM localhost/base
COPY ["names/with space", "/a b/"]
COPY ["names/with space", "/c d"]
COPY ["names/-dash", "/e/"]
COPY ["names/n*", "/h/"]
